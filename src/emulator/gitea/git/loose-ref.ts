import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Branches and pull request heads always name commits, so their files can be read as they are. */
const readable = /^refs\/(heads|pull)\/(?!.*(?:\.\.|\/\/|\.lock$))[^\0\s:~^?*[\\]+$/;

/**
 * A ref's commit read from its file, which spares a process: undefined where there is no such ref, 'unknown' where
 * git itself must be asked (packed refs, other kinds of refs). Only this forge's own git processes write refs here.
 */
export async function looseRef(
  repositoryPath: string,
  name: string,
): Promise<string | 'unknown' | undefined> {
  if (!readable.test(name)) return 'unknown';
  const text = await readFile(join(repositoryPath, name), 'utf8').catch(() => undefined);
  if (text !== undefined) return /^[0-9a-f]{40}\n$/.test(text) ? text.slice(0, 40) : 'unknown';
  const isPacked = await access(join(repositoryPath, 'packed-refs')).then(
    () => true,
    () => false,
  );
  return isPacked ? 'unknown' : undefined;
}
