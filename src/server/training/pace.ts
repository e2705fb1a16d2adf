/**
 * How often a run under way is looked at. Pure; "a beat" is the pause of a young run, a second unless configured.
 *
 * | The run                                                                       | Next look after |
 * |-------------------------------------------------------------------------------|-----------------|
 * | was seen to change at this look (a task began or ended, the state moved)      | 1 beat          |
 * | has only ended tasks, the last for less than two minutes: its end is due      | 1 beat          |
 * | is within a minute (or a tenth, if less) of how long the last ones took       | 1 beat          |
 * | is younger than two minutes                                                   | 1 beat          |
 * | is younger than twenty minutes                                                | 3 beats         |
 * | is younger than an hour                                                       | 10 beats        |
 * | is older                                                                      | 30 beats        |
 *
 * So a run is never left alone for more than {@link longestBeats} and one more half beat (looks fall on whole beats, so
 * that those of many runs fall together and are answered by one request), and costs at most {@link mostLooks}.
 */

export const longestBeats = 30;

const second = 1_000;
const minute = 60 * second;

/** Age (ms) up to which a pause (beats) holds. */
const byAge = [
  { below: 2 * minute, beats: 1 },
  { below: 20 * minute, beats: 3 },
  { below: 60 * minute, beats: 10 },
  { below: Number.POSITIVE_INFINITY, beats: longestBeats },
] as const;

/** How long all tasks may have ended, and how far the usual end may be, for the end to count as near (ms). */
const nearMs = { tasks: 2 * minute, usual: minute };

export interface PaceFacts {
  /** Since the run was started here, milliseconds. */
  ageMs: number;
  /** Something was different at this look from what was known before. */
  changed: boolean;
  /** Since the last task ended, milliseconds, where all have; null: one has not, or there is none. */
  tasksEndedMs: number | null;
  /** How long runs like this one take from start to end, milliseconds; null: none has succeeded yet. */
  usualMs: number | null;
}

/** Pause until the next look, in beats. */
export function beatsUntilNextLook({ ageMs, changed, tasksEndedMs, usualMs }: PaceFacts): number {
  if (changed) return 1;
  if (tasksEndedMs !== null && Math.abs(tasksEndedMs) < nearMs.tasks) return 1;
  if (usualMs !== null && Math.abs(ageMs - usualMs) < Math.min(nearMs.usual, usualMs / 10)) return 1;
  return byAge.find(({ below }) => ageMs < below)?.beats ?? longestBeats;
}

/**
 * The moment of the next look, on a whole beat.
 *
 * @param now milliseconds since the epoch
 * @param beatMs a beat, milliseconds
 * @returns milliseconds since the epoch: half a beat to half a beat more than the pause from now
 */
export function nextLook(now: number, beatMs: number, facts: PaceFacts): number {
  return Math.round(now / beatMs + beatsUntilNextLook(facts)) * beatMs;
}

/**
 * The most looks that a run can cost.
 *
 * @param lifeMs how long it is under way, milliseconds
 * @param changes how often it was seen to change
 */
export function mostLooks(lifeMs: number, beatMs: number, changes: number): number {
  let looks = 0;
  let from = 0;
  for (const { below, beats } of byAge) {
    looks += Math.max(0, Math.min(lifeMs, below) - from) / (beatMs * beats);
    from = below;
  }
  const near = (2 * nearMs.tasks + 2 * nearMs.usual) / beatMs;
  // Where one pause follows another, a look more.
  return Math.ceil(looks + near + changes + byAge.length + 4);
}

/** Metrics that grow are read less often than the state: a look at them costs several requests. */
const liveEvery = [
  { below: 2 * minute, everyMs: 3 * second },
  { below: 20 * minute, everyMs: 10 * second },
  { below: Number.POSITIVE_INFINITY, everyMs: 30 * second },
] as const;

/**
 * How often the metrics of a running run are read, milliseconds. Among many runs each has its turn less often: MLflow
 * takes few searches.
 *
 * @param ageMs since it began to run
 * @param beside how many runs of the workspace are under way, this one included
 */
export function liveEveryMs(ageMs: number, beside: number): number {
  const { everyMs } = liveEvery.find(({ below }) => ageMs < below) ?? liveEvery[2];
  return Math.max(everyMs, beside * second);
}

/** Whether a whole multiple of `everyMs` lies between the former look and this one, both by the run's age (ms). */
export function isTurn(ageMs: number, formerAgeMs: number, everyMs: number): boolean {
  return Math.floor(ageMs / everyMs) !== Math.floor(formerAgeMs / everyMs);
}
