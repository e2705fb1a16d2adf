import type { Clock } from './clock.ts';

/** Waits for the work, at most so many milliseconds. @returns whether it ended in time; how it ended is not told */
export async function within(clock: Clock, milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  return await new Promise((resolve) => {
    const callOff = clock.after(milliseconds, () => resolve(false));
    function ended(): void {
      callOff();
      resolve(true);
    }
    work.then(ended, ended);
  });
}
