import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Workspace, WorkspaceOptions } from '../../../src/emulator/databricks/workspace.ts';
import { createWorkspace } from '../../../src/emulator/databricks/workspace.ts';

/** Any JSON of an answer; tests look into it. */
// biome-ignore lint/suspicious/noExplicitAny: an answer of the server under test has no static type
export type Answer = any;

export interface Client {
  get(path: string): Promise<{ status: number; body: Answer }>;
  post(path: string, body?: unknown): Promise<{ status: number; body: Answer }>;
  send(method: string, path: string, body?: unknown): Promise<{ status: number; body: Answer }>;
}

/** Requests with a bearer token; a string or Buffer goes out raw, anything else as JSON. */
export function client(host: string, token?: string): Client {
  async function send(method: string, path: string, body?: unknown) {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(`${host}${path}`, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && !raw && { 'content-type': 'application/json' }),
        ...(raw && { 'content-type': 'application/octet-stream' }),
      },
      body: body === undefined ? null : raw ? (body as string) : JSON.stringify(body),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('application/json');
    return { status: response.status, body: json ? (JSON.parse(text) as Answer) : text };
  }
  return { send, get: (path) => send('GET', path), post: (path, body) => send('POST', path, body ?? {}) };
}

/** Folder that the test removes at its end. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'workspace-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A listening workspace with its admin's client; closed when the test ends. */
export async function startWorkspace(
  options: Partial<WorkspaceOptions> = {},
): Promise<{ workspace: Workspace; admin: Client }> {
  const folder = options.dataDir ?? (await temporaryFolder());
  const workspace = createWorkspace({
    dataDir: folder,
    pythonCacheDir: join(tmpdir(), 'gitea-databricks-test-python'),
    stopGraceMs: 300,
    ...options,
  });
  await workspace.listen({ port: 0 });
  onTestFinished(() => workspace.close());
  return { workspace, admin: client(workspace.host, workspace.adminToken) };
}

/** A new service principal and a client that acts as it. */
export async function servicePrincipal(workspace: Workspace, admin: Client, name: string) {
  const { body } = await admin.post('/api/2.0/preview/scim/v2/ServicePrincipals', { displayName: name });
  const secrets = `/api/2.0/accounts/${workspace.accountId}/servicePrincipals/${body.id}/credentials/secrets`;
  const { secret } = (await admin.post(secrets)).body;
  const token = await requestToken(workspace.host, {
    grant_type: 'client_credentials',
    scope: 'all-apis',
    client_id: body.applicationId,
    client_secret: secret,
  });
  return {
    id: body.id as string,
    applicationId: body.applicationId as string,
    secret: secret as string,
    client: client(workspace.host, token.body.access_token),
  };
}

export async function requestToken(
  host: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${host}/oidc/v1/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(form),
  });
  return { status: response.status, body: (await response.json()) as Answer };
}

/** Polls until the condition gives a value. */
export async function eventually<T>(probe: () => Promise<T | undefined>, what: string): Promise<T> {
  for (let left = 400; left > 0; left -= 1) {
    const value = await probe();
    if (value !== undefined) return value;
    await sleep(50);
  }
  throw new Error(`${what} did not happen`);
}

/** Puts a file into the workspace; folders above it are made. */
export async function upload(to: Client, path: string, text: string): Promise<void> {
  await to.post('/api/2.0/workspace/mkdirs', { path: path.slice(0, path.lastIndexOf('/')) });
  const encoded = encodeURIComponent(path.slice(1));
  const { status, body } = await to.send(
    'POST',
    `/api/2.0/workspace-files/import-file/${encoded}?overwrite=true`,
    text,
  );
  if (status !== 200) throw new Error(`upload of ${path}: ${status} ${JSON.stringify(body)}`);
}

/** Waits for a run to end. */
export const ended = (as: Client, runId: number): Promise<Answer> =>
  eventually(async () => {
    const { status, body } = await as.get(`/api/2.2/jobs/runs/get?run_id=${runId}`);
    if (status !== 200) throw new Error(`run ${runId}: ${status} ${JSON.stringify(body)}`);
    return body.status.state === 'TERMINATED' ? body : undefined;
  }, `the end of run ${runId}`);

/** Whether a process runs; one that has ended and waits to be reaped (state Z) does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
    return !/^\d+ \(.*\) Z /.test(stat);
  } catch {
    return false;
  }
}
