import { join } from 'node:path';
import { invalid } from '../errors.ts';

/**
 * A workspace path in its normal form: `/Shared/app/train.py`, without the `/Workspace` prefix that the API also
 * takes, without a trailing slash.
 * @throws ApiError 400 for a path that is not absolute, climbs (`..`), or holds what no workspace path may hold.
 */
export function parseWorkspacePath(text: string): string {
  const path = text.replace(/^\/Workspace(?=\/|$)/, '').replace(/\/+$/, '');
  if (path === '') {
    if (text === '') throw invalid('Path is missing.');
    return '/';
  }
  if (!path.startsWith('/')) throw invalid(`Path (${text}) doesn't start with '/'.`);
  for (const name of path.slice(1).split('/')) {
    if (name === '' || name === '.' || name === '..')
      throw invalid(`Path (${text}) holds an empty name, '.' or '..'.`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
    if (/[\u0000-\u001f\u007f]/.test(name)) throw invalid(`Path (${text}) holds control characters.`);
    if (Buffer.byteLength(name) > 255) throw invalid(`A name in path (${text}) is longer than 255 bytes.`);
  }
  return path;
}

/** The folder above; undefined for the root. */
export function parentOf(path: string): string | undefined {
  if (path === '/') return undefined;
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

export const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** Where a path's bytes lie under the tree's folder on disk; parsed paths cannot leave it. */
export const onDisk = (root: string, path: string) => join(root, `.${path}`);
