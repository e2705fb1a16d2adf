import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ConfigurationProblem } from '../../contract/repository.ts';
import { defaultEncryptionKeyFile, parseServerConfiguration } from './parse-server-configuration.ts';
import { readSecretFile } from './secret-file.ts';
import type { ServerConfiguration } from './server-configuration.ts';

/** The configuration cannot be used. The message names every problem with its file and line. */
export class ConfigurationError extends Error {
  readonly problems: readonly ConfigurationProblem[];

  constructor(problems: readonly ConfigurationProblem[]) {
    super(
      problems
        .map(
          ({ file, line, path, message }) =>
            `${file}${line === null ? '' : `:${line}`}: ${path ? `${path}: ` : ''}${message}`,
        )
        .join('\n'),
    );
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}

/**
 * Reads the configuration file and the secrets that it names. Where it names no encryption key, one is made
 * beside it (mode 600) the first time.
 *
 * @throws ConfigurationError with everything that is wrong
 */
export function loadServerConfiguration(file: string): ServerConfiguration {
  const path = resolve(file);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'There is no such file' : (error as Error).message;
    throw new ConfigurationError([
      { file, line: null, path: '', message: `${reason}. Name the configuration with --config FILE.` },
    ]);
  }
  if (!/^\s*encryption_key_file\s*:/m.test(text))
    makeEncryptionKey(resolve(dirname(path), defaultEncryptionKeyFile));
  const result = parseServerConfiguration(text, path, readSecretFile);
  if ('problems' in result) throw new ConfigurationError(result.problems);
  return result.configuration;
}

function makeEncryptionKey(path: string): void {
  if (existsSync(path)) return;
  writeFileSync(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
}

/** Every value that must never appear in a log. */
export function secretsOf(configuration: ServerConfiguration): string[] {
  const { gitea, workspaces, encryptionKey, database } = configuration;
  const ofWorkspaces = Object.values(workspaces).flatMap(({ auth }) =>
    auth.kind === 'm2m' ? Object.values(auth.secrets) : [],
  );
  return [
    gitea.token,
    gitea.webhookSecret,
    gitea.oauth.clientSecret,
    Buffer.from(encryptionKey).toString('hex'),
    Buffer.from(encryptionKey).toString('base64'),
    ...ofWorkspaces,
    // Also as it stands in the address.
    ...(typeof database === 'string' ? [] : [database.password, encodeURIComponent(database.password)]),
  ];
}
