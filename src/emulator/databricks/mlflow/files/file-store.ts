import { randomUUID } from 'node:crypto';
import type { ReadStream } from 'node:fs';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ApiError } from '../../errors.ts';

export interface Entry {
  name: string;
  isDirectory: boolean;
  /** Bytes; 0 for a folder. */
  size: number;
  /** Milliseconds since the epoch. */
  modified: number;
}

/** Uploads in progress carry this prefix and are never listed. */
const partial = '.upload-';

/** The reasons of the Files API (databricks CLI, `libs/filer/files_client.go` and its test). */
const missing = (what: 'file' | 'directory', path: string) =>
  new ApiError('NOT_FOUND', `The ${what} being accessed is not found: ${basename(path)}`, {
    reason: what === 'file' ? 'FILES_API_FILE_NOT_FOUND' : 'FILES_API_DIRECTORY_IS_NOT_FOUND',
  });

/** Undefined where nothing is. A path through a file is nothing, too. */
export async function entryAt(path: string): Promise<Entry | undefined> {
  try {
    const found = await stat(path);
    const isDirectory = found.isDirectory();
    return {
      name: basename(path),
      isDirectory,
      size: isDirectory ? 0 : found.size,
      modified: Math.floor(found.mtimeMs),
    };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Writes a stream to a file: whole and on disk, or not at all. Makes the folders above. @throws ApiError 409 */
export async function writeFile(path: string, content: Readable, overwrite: boolean): Promise<void> {
  const before = await entryAt(path);
  if (before?.isDirectory) throw new ApiError('ALREADY_EXISTS', `A directory exists at ${basename(path)}.`);
  if (before && !overwrite)
    throw new ApiError('ALREADY_EXISTS', `The file ${basename(path)} already exists.`);
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `${partial}${randomUUID()}`);
  try {
    await pipeline(content, createWriteStream(temporary, { flush: true }));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** A file's bytes, or the part `range` of them (both ends included). */
export function readFile(path: string, range?: { start: number; end: number }): ReadStream {
  return createReadStream(path, range);
}

/** @throws ApiError 404 unless there is a file. */
export async function requireFile(path: string): Promise<Entry> {
  const found = await entryAt(path);
  if (!found || found.isDirectory) throw missing('file', path);
  return found;
}

/** @throws ApiError 404 unless there is a folder. */
export async function requireFolder(path: string): Promise<Entry> {
  const found = await entryAt(path);
  if (!found?.isDirectory) throw missing('directory', path);
  return found;
}

export async function removeFile(path: string): Promise<void> {
  await requireFile(path);
  await rm(path);
}

/** @throws ApiError 400 when something is in it. */
export async function removeFolder(path: string): Promise<void> {
  await requireFolder(path);
  try {
    await rmdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    throw new ApiError('INVALID_PARAMETER_VALUE', `The directory ${basename(path)} is not empty.`, {
      reason: 'FILES_API_DIRECTORY_IS_NOT_EMPTY',
    });
  }
}

export async function makeFolder(path: string): Promise<void> {
  const found = await entryAt(path);
  if (found && !found.isDirectory)
    throw new ApiError('ALREADY_EXISTS', `A file exists at ${basename(path)}.`);
  await mkdir(path, { recursive: true });
}

/** What is in a folder, by name. @throws ApiError 404 */
export async function listFolder(path: string): Promise<Entry[]> {
  await requireFolder(path);
  const names = (await readdir(path)).filter((name) => !name.startsWith(partial)).toSorted();
  const entries = await Promise.all(names.map((name) => entryAt(join(path, name))));
  return entries.filter((entry) => entry !== undefined);
}
