import type { ProviderConfiguration } from './provider-configuration.ts';

/** The server's configuration after parsing: paths of secrets are read, defaults are filled in. */
export interface ServerConfiguration {
  /** Public URL of the backend with a trailing slash, e.g. `https://git.example.com/-/databricks/`. */
  publicUrl: string;
  /** Where the backend listens. */
  listen: { host: string; port: number };
  /** Proxies whose `X-Forwarded-For` is believed, as addresses or networks; loopback when left out. */
  trustedProxies?: string[];
  /** Per minute; what is not named has its default. */
  rateLimits?: Partial<Record<'user' | 'address' | 'repository' | 'deliveries' | 'forged', number>>;
  /** Path of the SQLite file, or how PostgreSQL is reached. */
  database: string | PostgresConfiguration;
  /** Key that encrypts user tokens and signing keys at rest: 32 bytes, from a file. */
  encryptionKey: Uint8Array;
  gitea: GiteaConfiguration;
  workspaces: Record<string, WorkspaceConfiguration>;
  bindings: Binding[];
}

/** A database of a PostgreSQL server. */
export interface PostgresConfiguration {
  /** Name, address, or the folder of a Unix socket. */
  host: string;
  port: number;
  /** Name of the database. */
  database: string;
  user: string;
  password: string;
  /** `unverified`: encrypted, and whoever answers is believed; `ca`: certificates in PEM, null: the usual ones. */
  tls: 'none' | 'unverified' | { ca: string | null };
}

export interface GiteaConfiguration {
  /** Gitea's public address without trailing slash (what browsers see, and the OpenID issuer's base). */
  url: string;
  /** Where the backend reaches Gitea; the public address by default. */
  internalUrl: string;
  /** Token of the bot user: `read:user,write:repository,write:issue`. */
  token: string;
  webhookSecret: string;
  oauth: { clientId: string; clientSecret: string };
}

export interface WorkspaceConfiguration {
  name: string;
  /** `https://…` without trailing slash (http only on loopback). */
  host: string;
  accountId: string;
  auth:
    | { kind: 'federation'; audience: string }
    | { kind: 'identity-provider'; provider: ProviderConfiguration }
    | { kind: 'm2m'; secrets: Record<string, string> /* application id → client secret */ }
    | { kind: 'token-file'; path: string };
  /** Application id of the reader principal. */
  reader: string;
}

/** The admin's rule: which repositories may use which workspace, jobs, models, endpoints and principals. */
export interface Binding {
  id: string;
  /** Globs over `owner/name`; fixed to Gitea's repository ids when first seen. */
  repositories: string[];
  workspace: string;
  /** The production branch; null: the repository's default branch. */
  branch: string | null;
  /** Workspace path of the experiment; `{repository_id}` is replaced. */
  experiment: string;
  /** Existing jobs by the name that repository configurations use. */
  jobs: Record<string, number>;
  models: Record<string, BoundModel>;
  principals: { trainer: string; releaser: string; fork: string };
  /** Gates that a repository's own may only tighten. */
  floors: Record<string, { direction: 'lower' | 'higher'; limit: number }>;
  /** What the subjects of its tokens name; absent: the binding. */
  subject?: 'binding' | 'repository';
  /**
   * Gitea's id of a user → user name at Databricks: what these people release in a session of their own is done as
   * themselves. Absent: everything is done by the principals.
   */
  asUser?: Record<string, string>;
  /** Teams (`org:team`), one of which a user must belong to beside what their repository permission allows. */
  teams?: { train?: string[]; release?: string[] };
}

export interface BoundModel {
  /** Full name in Unity Catalog: `catalog.schema.model`. */
  name: string;
  alias: string;
  /** Serving endpoint that follows the alias; null: the alias alone. */
  endpoint: string | null;
}
