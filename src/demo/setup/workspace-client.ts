import type { KyInstance } from 'ky';
import ky from 'ky';

/** A Databricks workspace and its account, as an admin. */
export type WorkspaceClient = KyInstance;

export interface WorkspaceAddress {
  /** Origin without a trailing slash. */
  host: string;
  accountId: string;
  /** An admin's personal access token. */
  token: string;
}

export function workspaceClient(workspace: WorkspaceAddress, signal: AbortSignal): WorkspaceClient {
  return ky.create({
    baseUrl: `${workspace.host}/api/`,
    headers: { authorization: `Bearer ${workspace.token}`, 'user-agent': 'gitea-databricks-demo/0.1.0' },
    retry: { limit: 3, methods: ['get', 'put', 'patch'], statusCodes: [429, 503] },
    timeout: 30_000,
    signal,
  });
}
