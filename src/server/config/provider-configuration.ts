/** The organisation's own identity provider, whose tokens a workspace trusts instead of the backend's. */
export interface ProviderConfiguration {
  /** Who issues the tokens, exactly as it calls itself; null: all tokens come from files. */
  issuer: string | null;
  scope: string | null;
  /** Further parameters of the token request. */
  parameters: Record<string, string>;
  /** Audience of the client's assertion. */
  assertionAudience: 'issuer' | 'token-endpoint';
  /** By application id. */
  principals: Record<string, ProviderIdentity>;
}

/** How a principal gets its token there. Files are read again for each token: their contents rotate. */
export type ProviderIdentity =
  | {
      kind: 'client';
      clientId: string;
      keyFile: string;
      keyId: string | null;
      certificateFile: string | null;
    }
  | { kind: 'token-file'; path: string };
