import { execFileSync } from 'node:child_process';

/** Whether the system can take a running process the room to write (prlimit of util-linux). */
export function canLimit(): boolean {
  try {
    execFileSync('prlimit', ['--pid', String(process.pid), '--fsize'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * No file of the process may be longer than this any more, as on a disk without room; null: as long as it likes. Only
 * the soft limit moves, so that anybody may set it back.
 *
 * @param bytes 0: nothing at all can be written
 */
export function limitFileSize(pid: number, bytes: number | null): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes ?? 'unlimited'}:unlimited`]);
}
