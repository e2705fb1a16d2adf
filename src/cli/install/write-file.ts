import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Puts a file in place in one step, so that Gitea never serves half of it; leaves an equal one alone.
 * @returns whether anything changed.
 */
export async function writeInPlace(path: string, content: Uint8Array | string): Promise<boolean> {
  const bytes = Buffer.from(content);
  const present = await readIfThere(path);
  if (present?.equals(bytes)) return false;
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.new`;
  await writeFile(temporary, bytes, { mode: 0o644 });
  await rename(temporary, path);
  return true;
}

/** The file's bytes, or undefined where there is none. @throws when it is there and cannot be read. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
