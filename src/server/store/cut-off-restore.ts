import { existsSync } from 'node:fs';

/** Where a restore gathers the new database. It is there until that has its name, so left behind it is a sign. */
export const incomingOf = (target: string): string => `${target}.incoming`;

/**
 * What stands under the database's name after a restore that was cut off is the old one, perhaps without its journal,
 * or nothing: to open it would mean to go on without what was committed.
 *
 * @throws when a restore was cut off, or goes on
 */
export function refuseCutOffRestore(target: string): void {
  const incoming = incomingOf(target);
  if (!existsSync(incoming)) return;
  throw new Error(`a restore into it was cut off, or goes on: ${incoming} is left of it`);
}
