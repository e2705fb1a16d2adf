import type { Clock } from '../duty/clock.ts';
import type { RunStore } from './ports.ts';

/** How many of the newest succeeded runs tell how long one takes, and how long what they told serves (ms). */
const bounds = { runs: 9, freshMs: 60_000 };

/** Milliseconds from start to end of a repository's runs, usually; null: none has succeeded yet. */
export type UsualDurations = (repositoryId: number) => Promise<number | null>;

/** Pure: the middle one; the lower of both where there are two. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}

/** Asks the store once a minute for each repository that trains. */
export function createUsualDurations(runs: Pick<RunStore, 'list'>, clock: Clock): UsualDurations {
  const known = new Map<number, { at: number; value: number | null }>();

  return async (repositoryId) => {
    const now = clock.monotonic();
    const found = known.get(repositoryId);
    if (found && now - found.at < bounds.freshMs) return found.value;
    const { items } = await runs.list(
      { repositoryId, states: ['succeeded'] },
      { sort: { started: 'desc' }, offset: 0, limit: bounds.runs },
    );
    const durations = items.flatMap(({ startedAt, endedAt }) =>
      startedAt === null || endedAt === null ? [] : [Date.parse(endedAt) - Date.parse(startedAt)],
    );
    const value = median(durations);
    known.set(repositoryId, { at: now, value });
    return value;
  };
}
