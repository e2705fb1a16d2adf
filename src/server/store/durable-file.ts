import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';

function sync(path: string, flags: string): void {
  const handle = openSync(path, flags);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Gives a finished file its name: whoever finds it there finds all of it, after a loss of power, too. */
export function publishFile(from: string, to: string): void {
  sync(from, 'r+');
  renameSync(from, to);
  sync(dirname(to), 'r');
}

/** Makes an empty file that only its owner can read. */
export function makePrivateFile(path: string): void {
  closeSync(openSync(path, 'wx', 0o600));
}
