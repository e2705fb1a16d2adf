import fc from 'fast-check';

/** One of the runs that both counterparts get. */
export interface CorpusRun {
  /** Which of the two experiments. */
  experiment: 0 | 1;
  name: string;
  /** Milliseconds; no two runs share one, for the documented order ends with start times. */
  start: number;
  end: number | undefined;
  status: string;
  metrics: { key: string; value: number | string; step: number; timestamp: number }[];
  params: { key: string; value: string }[];
  tags: { key: string; value: string }[];
  deleted: boolean;
}

export const firstStart = 1_700_000_000_000;
export const startGap = 1000;

/** Keys as they are; how a filter writes them is another matter. */
export const metricKeys = [
  'rmse',
  'RMSE',
  'val/acc.top-1',
  'test loss',
  'größe',
  'loss',
  'end_time',
] as const;
export const paramKeys = ['depth', 'model type', 'learning.rate', 'größe', 'name'] as const;
export const tagKeys = ['git.branch', 'stage', 'a b', 'mlflow.note', 'größe', 'status'] as const;

export const metricValues = [
  ...[0, 1, -1, 0.5, 0.25, 1.5, 2, 10, 100, -0.001, 1e-9, 1e21, 123456789.125],
  ...['NaN', 'Infinity', '-Infinity'],
];
export const texts = [
  ...['main', 'Main', 'MAIN', 'feature/one', '2', '10', '007', '', ' ', 'a b', 'None'],
  ...['100%', '100_', '1000', 'under_score', 'underXscore', "it's", 'say "hi"', 'back`tick', 'back\\slash'],
  ...['größe', '雪だるま ☃', '𝄞 music', 'line\nbreak', "and tags.x = 'y'", '[a-z]*', '(b)', 'a;b', '--'],
];
export const names = ['calm-lark-1', 'Calm-Lark-2', 'bold ape', 'größe', 'run_1', 'run-1', '100%', "it's"];
export const statuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'];

const pairs = (keys: readonly string[]) =>
  fc
    .subarray([...keys])
    .chain((chosen) =>
      fc.tuple(
        ...chosen.map((key) => fc.record({ key: fc.constant(key), value: fc.constantFrom(...texts) })),
      ),
    );

const metrics = fc.subarray([...metricKeys]).chain((chosen) =>
  fc.tuple(
    ...chosen.map((key) =>
      fc.record({
        key: fc.constant(key as string),
        value: fc.oneof(fc.constantFrom(...metricValues), fc.integer({ min: -5, max: 5 })),
        step: fc.constantFrom(0, 0, 3, -1),
        timestamp: fc.constantFrom(1, 2000),
      }),
    ),
  ),
);

/** A part of the runs has logged nothing and a part goes on: each needs fewer requests. */
const nothing: Pick<CorpusRun, 'metrics' | 'params'> = { metrics: [], params: [] };
const going = { status: 'RUNNING', duration: undefined };
const run = fc.record({
  experiment: fc.constantFrom<0 | 1>(0, 0, 0, 1),
  name: fc.constantFrom(...names),
  life: fc.oneof(
    { weight: 1, arbitrary: fc.constant(going) },
    {
      weight: 2,
      arbitrary: fc.record({
        status: fc.constantFrom(...statuses),
        duration: fc.constantFrom(undefined, 0, 1, 500, 86_400_000),
      }),
    },
  ),
  logged: fc.oneof(
    { weight: 1, arbitrary: fc.constant(nothing) },
    { weight: 4, arbitrary: fc.record({ metrics, params: pairs(paramKeys) }) },
  ),
  tags: pairs(tagKeys),
  deleted: fc.integer({ min: 0, max: 19 }).map((dice) => dice === 0),
});

/** `count` runs that differ in all that can be asked for, the same ones for the same seed. */
export function corpusRuns(seed: number, count: number): CorpusRun[] {
  const [order = []] = fc.sample(
    fc.shuffledSubarray(
      Array.from({ length: count }, (_, at) => at),
      { minLength: count },
    ),
    { seed, numRuns: 1 },
  );
  return fc.sample(run, { seed, numRuns: count }).map(({ life, logged, ...rest }, at) => {
    const start = firstStart + (order[at] ?? at) * startGap;
    // Some metrics have an earlier point, too: only the latest one counts.
    const earlier = logged.metrics
      .slice(0, 1)
      .map((metric) => ({ ...metric, value: 77, step: metric.step - 10 }));
    return {
      ...rest,
      status: life.status,
      metrics: [...logged.metrics, ...earlier],
      params: logged.params,
      start,
      end: life.duration === undefined ? undefined : start + life.duration,
    };
  });
}
