import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Gate } from '../../../src/contract/metric.ts';
import type { MeasuredBaseline } from '../../../src/server/metrics/baseline.ts';
import { compare, compareMetrics } from '../../../src/server/metrics/compare.ts';
import { applyFloors, judge } from '../../../src/server/metrics/gates.ts';

const champion = (metrics: Record<string, number | null>): MeasuredBaseline => ({
  kind: 'champion',
  label: 'v12 in production',
  version: 12,
  run: 'r',
  commit: 'c',
  metrics,
});
const none: MeasuredBaseline = {
  kind: 'none',
  label: 'no baseline',
  version: null,
  run: null,
  commit: null,
  metrics: null,
};
const gate = (metric: string, rule: Partial<Gate>): Gate => ({
  metric,
  direction: 'lower',
  limit: null,
  regression: null,
  ...rule,
});

const three = [
  gate('log_loss', { regression: 0.02 }),
  gate('accuracy', { direction: 'higher', regression: 0.01 }),
  gate('latency_p95', { limit: 60 }),
];
const before = { log_loss: 0.241, accuracy: 0.913, f1: 0.887, latency_p95: 41 };
const after = { log_loss: 0.252, accuracy: 0.921, f1: 0.894, latency_p95: 40 };

describe('a verdict', () => {
  test('names the failing gate with both values and the limit', () => {
    const verdict = compare({
      candidate: after,
      baseline: champion(before),
      gates: three,
      primary: 'log_loss',
    });
    expect(verdict).toMatchObject({
      outcome: 'fail',
      title: '1 of 3 gates fails',
      summary: 'log_loss rose by 4.6%, from 0.241 to 0.252. The gate allows 2%, that is 0.246 at most.',
      gatesTotal: 3,
      gatesFailed: 1,
    });
    expect(verdict.metrics.map((item) => item.metric)).toEqual(['log_loss', 'accuracy', 'latency_p95', 'f1']);
    expect(verdict.metrics[0]).toMatchObject({ trend: 'worse', gate: { outcome: 'fail' } });
    expect(verdict.metrics[3]).toMatchObject({ direction: null, trend: 'unknown', gate: null });
  });

  test('says how far a metric that got worse is within its gate', () => {
    const gates = [gate('log_loss', { regression: 0.05 }), ...three.slice(1)];
    const verdict = compare({ candidate: after, baseline: champion(before), gates, primary: 'log_loss' });
    expect(verdict.outcome).toBe('pass');
    expect(verdict.title).toBe('All 3 gates pass');
    expect(verdict.summary).toBe(
      'Better in 2 of 3 metrics. log_loss is 4.6% worse and stays within its gate of 5%.',
    );
  });

  test('without a baseline lets absolute limits decide, and is not a pass', () => {
    const open = compare({ candidate: after, baseline: none, gates: three, primary: 'log_loss' });
    expect(open).toMatchObject({ outcome: 'no-baseline', title: 'Trained, no baseline to compare with' });
    expect(open.summary).toBe(
      'Nothing is in production yet and no earlier commit was trained. 1 gate has a fixed limit and passes; 2 gates need a baseline. That is not a pass.',
    );
    const broken = { ...after, latency_p95: 61 };
    expect(compare({ candidate: broken, baseline: none, gates: three, primary: 'log_loss' }).outcome).toBe(
      'fail',
    );
  });

  test.each([
    ['that was not logged', {}],
    ['that is NaN', { log_loss: Number.NaN }],
    ['that is null', { log_loss: null }],
    ['that is infinite', { log_loss: Number.NEGATIVE_INFINITY }],
  ])('fails on a gated metric %s', (_name, wrong) => {
    const { log_loss: _, ...rest } = after;
    const verdict = compare({
      candidate: { ...rest, ...wrong },
      baseline: champion(before),
      gates: three,
      primary: 'log_loss',
    });
    expect(verdict.outcome).toBe('fail');
    expect(verdict.summary).toContain('log_loss was not logged as a number');
  });

  test('fails without its primary metric even where no gate is set', () => {
    const verdict = compare({ candidate: {}, baseline: champion(before), gates: [], primary: 'log_loss' });
    expect(verdict).toMatchObject({ outcome: 'fail', title: 'log_loss is missing' });
  });

  test('is never a pass with a missing result, whatever the rules', () => {
    const value = fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { nil: null });
    const rule = fc.record({
      direction: fc.constantFrom('lower' as const, 'higher' as const),
      limit: fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { nil: null }),
      regression: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null }),
    });
    fc.assert(
      fc.property(value, value, rule, (candidate, baseline, fields) => {
        const verdict = compare({
          candidate: { m: candidate },
          baseline: baseline === null ? none : champion({ m: baseline }),
          gates: [gate('m', fields)],
          primary: 'm',
        });
        if (verdict.outcome !== 'pass') return true;
        const { bound, direction } = verdict.metrics[0]!.gate!;
        const within = bound === null || (direction === 'lower' ? candidate! <= bound : candidate! >= bound);
        return candidate !== null && baseline !== null && within;
      }),
    );
  });
});

describe('a gate', () => {
  test.each([
    ['on its limit', gate('m', { limit: 1 }), 1, null, 'pass'],
    ['above it', gate('m', { limit: 1 }), 1.0001, null, 'fail'],
    ['below it, higher is better', gate('m', { direction: 'higher', limit: 1 }), 0.9, null, 'fail'],
    ['on the allowed regression', gate('m', { regression: 0.5 }), 3, 2, 'pass'],
    ['of a negative baseline', gate('m', { regression: 0.5 }), -1, -2, 'pass'],
    ['beyond it', gate('m', { regression: 0.5 }), -0.9, -2, 'fail'],
    ['with the stricter of both', gate('m', { limit: 5, regression: 0.5 }), 4, 2, 'fail'],
    ['with the limit as the stricter', gate('m', { limit: 2.5, regression: 0.5 }), 2.6, 2, 'fail'],
    ['that needs a baseline', gate('m', { regression: 0.5 }), 1, null, 'no-baseline'],
    ['of a baseline of zero', gate('m', { regression: 0.5 }), 0.1, 0, 'fail'],
  ] as const)('%s', (_name, rule, candidate, baseline, outcome) => {
    expect(judge(rule, candidate, baseline).outcome).toBe(outcome);
  });

  test('is tightened by the binding’s floor, never loosened', () => {
    const own = [gate('m', { limit: 2 }), gate('n', { direction: 'higher', limit: 2 })];
    const floors = {
      m: { direction: 'lower', limit: 1 },
      n: { direction: 'higher', limit: 1 },
      o: { direction: 'lower', limit: 3 },
    } as const;
    expect(applyFloors(own, floors).map(({ metric, limit }) => [metric, limit])).toEqual([
      ['m', 1],
      ['n', 2],
      ['o', 3],
    ]);
  });
});

test('values are compared without judging', () => {
  const rows = compareMetrics({
    candidate: { a: 1, b: 2, constructor: 3 },
    baseline: { a: 2 },
    directions: { a: 'lower' },
    primary: null,
  });
  expect(rows).toMatchObject([
    { metric: 'a', change: -1, relativeChange: -0.5, trend: 'better', gate: null },
    { metric: 'b', change: null, trend: 'unknown', baseline: null },
    { metric: 'constructor', change: null, direction: null, trend: 'unknown', baseline: null },
  ]);
});
