import type { KyInstance } from 'ky';
import ky from 'ky';

export interface Credentials {
  name: string;
  password: string;
}

/** Gitea's public API in one user's name. Calls are not repeated: every step looks first what is there. */
export type GiteaClient = KyInstance;

/** @param rootUrl Gitea's address with a trailing slash */
export function giteaClient(rootUrl: string, user: Credentials, signal: AbortSignal): GiteaClient {
  return ky.create({
    baseUrl: new URL('api/v1/', rootUrl),
    headers: { authorization: basic(user), accept: 'application/json' },
    retry: 0,
    timeout: 30_000,
    signal,
  });
}

/** The Authorization header for a name and a password (RFC 7617, UTF-8). */
export function basic({ name, password }: Credentials): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

/** `repos/ml/wine/…`, encoded. */
export function repositoryPath(fullName: string, ...rest: (string | number)[]): string {
  return ['repos', ...fullName.split('/'), ...rest].map((part) => encodeURIComponent(part)).join('/');
}
