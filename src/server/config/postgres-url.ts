import { isLoopbackHost } from '../outbound/refused-addresses.ts';
import type { PostgresConfiguration } from './server-configuration.ts';

const modes = ['disable', 'require', 'verify-full'] as const;

/**
 * Reads `postgres://user:password@host:5432/name`, with `?sslmode=disable|require|verify-full` and, for a Unix socket,
 * `?host=/folder`. Without `sslmode` a host that is not loopback has to prove who it is: the password travels there.
 *
 * @param ca certificates in PEM that may have signed the server's, instead of the usual ones
 * @throws an error that says what is wrong and quotes nothing, for the address holds a password
 */
export function parsePostgresUrl(text: string, ca: string | null = null): PostgresConfiguration {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    throw new Error('it must hold an address such as postgres://user:password@host:5432/name');
  }
  const unknown = [...url.searchParams.keys()].filter((name) => name !== 'sslmode' && name !== 'host');
  if (unknown.length > 0) {
    throw new Error(`the address can have the parameters "sslmode" and "host"; it has "${unknown[0]}"`);
  }
  const host = (url.searchParams.get('host') ?? decodeURIComponent(url.hostname)).replace(/^\[|\]$/g, '');
  const database = decodeURIComponent(url.pathname.slice(1));
  const user = decodeURIComponent(url.username);
  if (host === '') throw new Error('the address has no host');
  if (user === '') throw new Error('the address has no user');
  if (database === '' || database.includes('/')) throw new Error('the address has no name of a database');
  const here = host.startsWith('/') || isLoopbackHost(host);
  const mode = url.searchParams.get('sslmode') ?? (here ? 'disable' : 'verify-full');
  if (!modes.some((known) => known === mode)) {
    throw new Error(`"sslmode" must be ${modes.join(', ')}; it is "${mode}"`);
  }
  if (ca !== null && mode !== 'verify-full') {
    throw new Error('"ca_file" is for "sslmode=verify-full"; the address has another one');
  }
  return {
    host,
    port: url.port === '' ? 5432 : Number(url.port),
    database,
    user,
    password: decodeURIComponent(url.password),
    tls: mode === 'disable' ? 'none' : mode === 'require' ? 'unverified' : { ca },
  };
}
