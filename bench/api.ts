import type { RunningDemo } from '../src/demo/run-demo.ts';

interface Call {
  method?: 'GET' | 'POST' | 'PATCH';
  headers?: Record<string, string>;
  body?: unknown;
}

/** One JSON call. @throws with the address, the status and what was said */
export async function call<T>(url: string, { method, headers = {}, body }: Call = {}): Promise<T> {
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method ?? 'GET'} ${url} was answered ${response.status}: ${text}`);
  return (text === '' ? null : JSON.parse(text)) as T;
}

/** A call to Gitea's API. `path` is below `api/v1/`. */
export type GiteaApi = <T>(path: string, options?: Pick<Call, 'method' | 'body'>) => Promise<T>;

/** Gitea's API in a user's name, by a token: checking a password takes long on purpose, and would be measured. */
export async function giteaApi({ url, demo }: RunningDemo, name: string): Promise<GiteaApi> {
  const user = demo.users.find((one) => one.name === name);
  if (!user) throw new Error(`the demo has no user ${name}`);
  const basic = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`;
  const { sha1 } = await call<{ sha1: string }>(`${url}api/v1/users/${user.name}/tokens`, {
    headers: { authorization: basic },
    body: { name: 'benchmark', scopes: ['write:repository', 'write:issue'] },
  });
  const headers = { authorization: `token ${sha1}` };
  return (path, options = {}) => call(`${url}api/v1/${path}`, { ...options, headers });
}

/** The workspace's API as its admin. */
export function workspaceApi({ demo: { workspace } }: RunningDemo) {
  return <T>(path: string) =>
    call<T>(`${workspace.host}/api/${path}`, { headers: { authorization: `Bearer ${workspace.token}` } });
}
