import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 200;

/** Locks of this process: a file with our own id that is not among them was left by an earlier process. */
const held = new Set<string>();

/**
 * Does the work while this process holds the lock file, which keeps other processes of this machine from doing the
 * same work at the same time. A lock whose process is gone is taken over. It saves work, it does not guard
 * correctness: the work itself must end in one atomic step.
 */
export async function withLockFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' });
      held.add(path);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = Number(await readFile(path, 'utf8').catch(() => ''));
      if (holder === process.pid ? held.has(path) : holder > 0 && alive(holder)) await sleep(pollMs);
      else {
        // An empty file may be one that is just being written.
        await sleep(pollMs);
        if ((await readFile(path, 'utf8').catch(() => '')) === (holder > 0 ? String(holder) : ''))
          await rm(path, { force: true });
      }
    }
  }
  try {
    return await work();
  } finally {
    held.delete(path);
    await rm(path, { force: true });
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
