import type { Task } from '../../contract/run.ts';

/** A part of the run's time line, in fractions of its width. */
export interface TaskBar {
  from: number;
  width: number;
}

/** The length that the time line of a run stands for, in ms: what is known to pass, at least what passed. */
export function timelineLength(
  tasks: readonly Task[],
  start: number,
  now: number,
  expected: number | null,
): number {
  const ends = tasks.map((task) =>
    task.endedAt === null ? (task.startedAt === null ? start : now) : Date.parse(task.endedAt),
  );
  return Math.max(1, expected ?? 0, ...ends.map((end) => end - start));
}

/** Where a task's bar lies on a time line that begins at `start` (ms) and is `length` ms long. */
export function taskBar(task: Task, start: number, length: number, now: number): TaskBar | null {
  if (task.startedAt === null) return null;
  const begin = Date.parse(task.startedAt);
  const end = task.endedAt === null ? now : Date.parse(task.endedAt);
  const from = clamp((begin - start) / length);
  return { from, width: Math.max(0.01, clamp((end - start) / length) - from) };
}

/** When the first task began; the run's own start where none did. */
export function timelineStart(tasks: readonly Task[], fallback: number): number {
  const starts = tasks.flatMap((task) => (task.startedAt === null ? [] : [Date.parse(task.startedAt)]));
  return starts.length === 0 ? fallback : Math.min(...starts);
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
