import { appendFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What `runs/get-output` gives at most: the last 5 MB. */
export const logLimit = 5 * 1024 * 1024;

/** A task's stdout and stderr on disk: readable while it grows, never more than twice the limit. */
export function createRunLog(path: string, limit = logLimit) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
  let size = 0;
  return {
    append(text: string): void {
      appendFileSync(path, text);
      size += Buffer.byteLength(text);
      if (size <= 2 * limit) return;
      const kept = readLog(path, limit).text;
      writeFileSync(path, kept);
      size = Buffer.byteLength(kept);
    },
  };
}

/** The end of a log; empty when there is none. */
export function readLog(path: string, limit = logLimit): { text: string; truncated: boolean } {
  try {
    const bytes = readFileSync(path);
    if (bytes.length <= limit) return { text: bytes.toString('utf8'), truncated: false };
    let start = bytes.length - limit;
    // Do not start inside a character.
    while (((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
    return { text: bytes.subarray(start).toString('utf8'), truncated: statSync(path).size > limit };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { text: '', truncated: false };
    throw error;
  }
}
