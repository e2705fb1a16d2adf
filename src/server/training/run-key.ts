import { createHash, createHmac } from 'node:crypto';
import type { FileEntry } from '../gitea/forge.ts';
import type { RunIdentity } from './ports.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** sha-256 of parameters; the order of names does not matter. */
export function parameterDigest(parameters: Readonly<Record<string, string | number | boolean>>): string {
  return sha256(JSON.stringify(Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** sha-256 of a text, for example of the repository configuration as read. */
export const textDigest = sha256;

/**
 * sha-256 of a commit's files. Gitea's API does not tell the tree's SHA (it repeats the commit's), so equal
 * files are recognised by their paths, modes and blobs.
 */
export function treeDigest(files: readonly FileEntry[]): string {
  const lines = files.map(({ path, mode, sha }) => `${mode} ${sha} ${path}`).sort();
  return sha256(lines.join('\n'));
}

/** The idempotency token of a run: sha-256 of its key, 64 characters as Databricks allows. */
export function runToken(key: RunIdentity, attempt: number): string {
  const { repositoryId, commit, configurationDigest, parameterDigest: parameters, trust } = key;
  return sha256(JSON.stringify([repositoryId, commit, configurationDigest, parameters, trust, attempt]));
}

/**
 * What marks the MLflow runs of the run with this token: made from it, so that a store that forgot the run, for it is an
 * older backup, knows the result as its own. Nobody can tell it who does not have the encryption key.
 */
export function runNonce(encryptionKey: Uint8Array, token: string): string {
  return createHmac('sha256', encryptionKey).update(`nonce of the run ${token}`).digest('hex').slice(0, 32);
}
