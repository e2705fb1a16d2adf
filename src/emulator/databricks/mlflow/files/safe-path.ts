import { join } from 'node:path';
import { invalid } from '../../errors.ts';

/** The longest name of one file or folder, in bytes (ext4, APFS, NTFS). */
const longestName = 255;

/**
 * The parts of a path below a root that a client named.
 * @throws ApiError 400 for a path that could leave its root or mean another file: empty, `.` and `..` parts,
 *   separators of another system, control characters.
 */
export function safeSegments(path: string): string[] {
  const segments = path.replace(/\/$/, '').split('/');
  if (segments.length === 1 && segments[0] === '') return [];
  for (const segment of segments)
    if (
      segment === '' ||
      segment === '.' ||
      segment === '..' ||
      Buffer.byteLength(segment) > longestName ||
      // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is refused
      /[\\\u0000-\u001f\u007f]/.test(segment)
    )
      throw invalid(`Invalid path: '${path}'. Paths are made of plain names joined by '/'.`);
  return segments;
}

/** The absolute path of safe segments below a root. */
export const below = (root: string, segments: readonly string[]) => join(root, ...segments);
