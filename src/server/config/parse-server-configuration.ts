import { dirname, resolve } from 'node:path';
import type { Static } from 'typebox';
import type { ConfigurationProblem } from '../../contract/repository.ts';
import { checkShape } from './check-shape.ts';
import { parsePostgresUrl } from './postgres-url.ts';
import { readBindings } from './read-bindings.ts';
import { readProvider } from './read-provider.ts';
import type { Reader } from './reader.ts';
import { readTarget, readUrl } from './reader.ts';
import type { ReadSecret } from './secret-file.ts';
import { parseEncryptionKey } from './secret-file.ts';
import type {
  GiteaConfiguration,
  ServerConfiguration,
  WorkspaceConfiguration,
} from './server-configuration.ts';
import { ServerFile } from './server-schema.ts';
import { inFileOrder, parseYaml } from './yaml-document.ts';

type GivenFile = Static<typeof ServerFile>;
type GivenWorkspace = GivenFile['workspaces'][string];

const defaultListen = '127.0.0.1:3100';
const defaultDatabase = 'gitea-databricks.sqlite';

/** The key's file where the configuration names none: beside the configuration. */
export const defaultEncryptionKeyFile = 'gitea-databricks.key';

/**
 * Reads the server's configuration and finds all that is wrong with it at once.
 *
 * @param text YAML
 * @param file its path; relative paths inside are relative to its folder
 * @param readSecret reads the files that hold secrets
 */
export function parseServerConfiguration(
  text: string,
  file: string,
  readSecret: ReadSecret,
): { configuration: ServerConfiguration } | { problems: ConfigurationProblem[] } {
  const document = parseYaml(text, file);
  if (document.problems.length > 0) return { problems: document.problems };
  const wrong = checkShape(ServerFile, document);
  if (wrong.length > 0) return { problems: inFileOrder(wrong) };

  const problems: ConfigurationProblem[] = [];
  const reader: Reader = {
    report: (path, message) => void problems.push(document.problem(path, message)),
    resolve: (path) => resolve(dirname(file), path),
    secret(path, secretPath) {
      try {
        return readSecret(reader.resolve(secretPath));
      } catch (error) {
        reader.report(path, `"${path.at(-1)}" does not work: ${(error as Error).message}.`);
        return '';
      }
    },
  };
  const configuration = read(document.value as GivenFile, reader);
  return problems.length > 0 ? { problems: inFileOrder(problems) } : { configuration };
}

function read(given: GivenFile, reader: Reader): ServerConfiguration {
  const workspaces: Record<string, WorkspaceConfiguration> = {};
  for (const [name, workspace] of Object.entries(given.workspaces)) {
    workspaces[name] = readWorkspace(name, workspace, reader);
  }
  return {
    publicUrl: `${readUrl(given.public_url, ['public_url'], reader)}/`,
    listen: readListen(given.listen ?? defaultListen, reader),
    ...(given.trusted_proxies ? { trustedProxies: given.trusted_proxies } : {}),
    ...(given.rate_limits ? { rateLimits: given.rate_limits } : {}),
    database: readDatabase(given.database ?? defaultDatabase, reader),
    encryptionKey: readEncryptionKey(given.encryption_key_file, reader),
    gitea: readGitea(given.gitea, reader),
    workspaces,
    bindings: readBindings(given, reader),
  };
}

function readDatabase(
  given: NonNullable<GivenFile['database']>,
  reader: Reader,
): ServerConfiguration['database'] {
  if (typeof given === 'string') return reader.resolve(given);
  const { url_file, ca_file } = given.postgres;
  const path = ['database', 'postgres', 'url_file'];
  const url = reader.secret(path, url_file);
  const ca = ca_file === undefined ? null : reader.secret(['database', 'postgres', 'ca_file'], ca_file);
  if (url === '' || ca === '') return '';
  try {
    return parsePostgresUrl(url, ca);
  } catch (error) {
    // The error quotes nothing of the address: it holds a password.
    reader.report(path, `"url_file" does not work: ${(error as Error).message}.`);
    return '';
  }
}

function readListen(given: string, reader: Reader): ServerConfiguration['listen'] {
  const colon = given.lastIndexOf(':');
  const port = Number(given.slice(colon + 1));
  if (port > 65_535) reader.report(['listen'], `"listen" must have a port from 0 to 65535; it is ${port}.`);
  return { host: given.slice(0, colon).replace(/^\[|\]$/g, ''), port };
}

function readEncryptionKey(given: string | undefined, reader: Reader): Uint8Array {
  const path = ['encryption_key_file'];
  const text = reader.secret(path, given ?? defaultEncryptionKeyFile);
  const key = parseEncryptionKey(text);
  if (key === null && text !== '') {
    reader.report(
      path,
      'The encryption key must be 32 bytes as 64 hexadecimal digits or as base64; "openssl rand -hex 32" makes one.',
    );
  }
  return key ?? new Uint8Array(32);
}

function readGitea(given: GivenFile['gitea'], reader: Reader): GiteaConfiguration {
  const url = readUrl(given.url, ['gitea', 'url'], reader);
  const { client_id, client_secret_file } = given.oauth;
  return {
    url,
    // Inside a private network plain http between the backend and Gitea is the admin's choice.
    internalUrl: given.internal_url
      ? readUrl(given.internal_url, ['gitea', 'internal_url'], reader, true)
      : url,
    token: reader.secret(['gitea', 'token_file'], given.token_file),
    webhookSecret: reader.secret(['gitea', 'webhook_secret_file'], given.webhook_secret_file),
    oauth: {
      clientId: client_id,
      clientSecret: reader.secret(['gitea', 'oauth', 'client_secret_file'], client_secret_file),
    },
  };
}

function readWorkspace(name: string, given: GivenWorkspace, reader: Reader): WorkspaceConfiguration {
  const at = ['workspaces', name];
  const unused = {
    m2m: given.client_secret_files,
    'token-file': given.token_file,
    federation: given.audience,
    'identity-provider': given.identity_provider,
  };
  const keys = {
    m2m: 'client_secret_files',
    'token-file': 'token_file',
    federation: 'audience',
    'identity-provider': 'identity_provider',
  };
  for (const kind of ['m2m', 'token-file', 'federation', 'identity-provider'] as const) {
    if (kind !== given.auth && unused[kind] !== undefined) {
      reader.report(
        [...at, keys[kind]],
        `"${keys[kind]}" belongs to "auth: ${kind}"; this workspace has "auth: ${given.auth}".`,
      );
    }
  }
  return {
    name,
    host: readTarget(given.host, [...at, 'host'], reader),
    accountId: given.account_id,
    auth: readAuth(given, at, reader),
    reader: given.reader,
  };
}

function readAuth(given: GivenWorkspace, at: string[], reader: Reader): WorkspaceConfiguration['auth'] {
  switch (given.auth) {
    case 'federation':
      return { kind: 'federation', audience: given.audience ?? given.account_id };
    case 'identity-provider': {
      const place = [...at, 'identity_provider'];
      if (given.identity_provider === undefined) {
        reader.report(
          place,
          '"identity_provider" is missing: "auth: identity-provider" needs {issuer, principals}.',
        );
      } else if (!Object.hasOwn(given.identity_provider.principals, given.reader)) {
        reader.report([...place, 'principals'], `"principals" needs a line for the reader, ${given.reader}.`);
      }
      const provider = given.identity_provider ?? { principals: {} };
      return { kind: 'identity-provider', provider: readProvider(provider, place, reader) };
    }
    case 'm2m': {
      const files = given.client_secret_files ?? {};
      if (!Object.hasOwn(files, given.reader)) {
        reader.report(
          [...at, 'client_secret_files'],
          `"client_secret_files" needs a line for the reader, ${given.reader}.`,
        );
      }
      const secrets = Object.entries(files).map(([id, file]) => [
        id,
        reader.secret([...at, 'client_secret_files', id], file),
      ]);
      return { kind: 'm2m', secrets: Object.fromEntries(secrets) as Record<string, string> };
    }
    case 'token-file': {
      if (given.token_file === undefined) {
        reader.report(
          [...at, 'token_file'],
          '"token_file" is missing: "auth: token-file" needs the path of a file that holds a token.',
        );
        return { kind: 'token-file', path: '' };
      }
      // Read now to find a wrong path, and again for each use, so that a rotated token is taken up.
      reader.secret([...at, 'token_file'], given.token_file);
      return { kind: 'token-file', path: reader.resolve(given.token_file) };
    }
  }
}
