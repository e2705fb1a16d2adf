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
  /**
   * Gitea's id of whoever does this in a session of their own, now. Absent for what a webhook, a merge, a comment or
   * a restart sets off: none of these proves that a person is there.
   */
  person?: number;
  approval: string | null;
  run: string | null;
}

/** Port: an access token for a role of a binding. Rejects with a DatabricksError when the exchange is refused. */
export interface WorkspaceTokens {
  /**
   * @param binding id of the binding (its workspace and principals are looked up)
   * @param act present: a token is minted and exchanged afresh with all claims; absent: a cached one serves
   * @param repository Gitea's id, for bindings whose subjects name the repository; the act's when left out
   */
  accessToken(binding: string, role: Role, act?: Act, repository?: number): Promise<string>;
}
