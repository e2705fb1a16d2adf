/** What a call to Databricks is for; each role is a service principal of its own. */
export type Role = 'reader' | 'trainer' | 'releaser' | 'fork';

/**
 * The circumstances of a call that changes something: they become claims of the minted token, so that
 * Databricks' side can be tied to ours. Calls without them use the cached reader token.
 */
export interface Act {
  repository: number;
  ref: string | null;
  commit: string | null;
  pull: number | null;
  actor: string;
  approval: string | null;
  run: string | null;
}

/** Port: an access token for a role of a binding. Rejects with a DatabricksError when the exchange is refused. */
export interface WorkspaceTokens {
  /**
   * @param binding id of the binding (its workspace and principals are looked up)
   * @param act present: a token is minted and exchanged afresh with all claims; absent: a cached one serves
   */
  accessToken(binding: string, role: Role, act?: Act): Promise<string>;
}
