import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import type { Finding } from './finding.ts';
import { ok, warning } from './finding.ts';

/** Values of all keys that end in `_file` or lie below `client_secret_files`. */
function secretPaths(value: unknown, key = ''): string[] {
  if (typeof value === 'string') return key.endsWith('_file') || key === 'client_secret_files' ? [value] : [];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, member]) =>
    secretPaths(member, key === 'client_secret_files' ? key : name),
  );
}

/** Secrets that other users of the machine can read. */
export function checkSecretFiles(configFile: string): Finding[] {
  if (process.platform === 'win32') return [];
  const folder = dirname(resolve(configFile));
  const paths = [...new Set(secretPaths(parse(readFileSync(configFile, 'utf8'))))];
  const open = paths.filter((path) => (statSync(resolve(folder, path)).mode & 0o077) !== 0);
  if (open.length === 0) return [ok(`The ${paths.length} secret files are readable by their owner only.`)];
  return open.map((path) => warning(`${path} can be read by other users of this machine: chmod 600 ${path}`));
}
