import type { Direction } from '../../../contract/metric.ts';
import type { RunDetail } from '../../../contract/run.ts';

/** Which line is whose, in the order of the runs; the baseline is drawn like production. */
export const roles = ['champion', 'candidate', 'other'] as const;

/** The baseline first: what is in production, else the oldest; the others as they were trained. */
export function inOrder(details: readonly RunDetail[]): RunDetail[] {
  const live = (detail: RunDetail) => (detail.run.aliases.length > 0 ? 0 : 1);
  return [...details].sort((a, b) => live(a) - live(b) || a.run.number - b.run.number);
}

/** Every metric of any of the runs, in the order of the verdicts, with the direction where one is known. */
export function metricRows(details: readonly RunDetail[]): { name: string; direction: Direction | null }[] {
  const rows = new Map<string, Direction | null>();
  for (const { verdict } of details) {
    for (const { metric, direction } of verdict?.metrics ?? []) {
      rows.set(metric, rows.get(metric) ?? direction);
    }
  }
  for (const { run } of details) {
    for (const metric of Object.keys(run.metrics)) rows.set(metric, rows.get(metric) ?? null);
  }
  return [...rows].map(([name, direction]) => ({ name, direction }));
}

/** The best value; null where nobody said which way is better, or there is nothing to choose from. */
export function bestOf(values: readonly (number | null)[], direction: Direction | null): number | null {
  const known = values.filter((value) => value !== null);
  if (direction === null || new Set(known).size < 2) return null;
  return direction === 'lower' ? Math.min(...known) : Math.max(...known);
}

/** Relative change against the baseline, a fraction; null where either is missing or the baseline is 0. */
export function changeOf(
  value: number | null,
  baseline: number | null,
  direction: Direction | null,
): { relative: number; tone: 'better' | 'worse' | 'plain'; word: string } | null {
  if (value === null || baseline === null || baseline === 0) return null;
  const relative = (value - baseline) / Math.abs(baseline);
  if (relative === 0) return { relative, tone: 'plain', word: 'same' };
  if (direction === null) return { relative, tone: 'plain', word: '' };
  const better = relative < 0 === (direction === 'lower');
  return { relative, tone: better ? 'better' : 'worse', word: better ? 'better' : 'worse' };
}

/** Parameters of any of the runs, one value per run; null where a run did not log it. */
export function parameterRows(
  details: readonly RunDetail[],
): { name: string; values: (string | null)[]; differs: boolean }[] {
  const names = [...new Set(details.flatMap(({ parameters }) => parameters.map(({ name }) => name)))].sort();
  return names.map((name) => {
    const values = details.map(
      ({ parameters }) => parameters.find((parameter) => parameter.name === name)?.value ?? null,
    );
    return { name, values, differs: new Set(values).size > 1 };
  });
}
