import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MetricComparison } from '../../../src/contract/metric.ts';
import { gaugeScale } from '../../../src/panel/components/gate-gauge.tsx';
import { metricWords, stripLine } from '../../../src/panel/components/metric-words.ts';
import { sparkPoints } from '../../../src/panel/components/sparkline.tsx';
import { taskBar, timelineLength } from '../../../src/panel/components/task-bar.ts';
import { tasks } from '../fixtures/pull-view.ts';

function row(
  direction: 'lower' | 'higher',
  candidate: number,
  baseline: number | null,
  bound: number,
): MetricComparison {
  const outside = direction === 'lower' ? candidate > bound : candidate < bound;
  return {
    metric: 'm',
    direction,
    candidate,
    baseline,
    change: baseline === null ? null : candidate - baseline,
    relativeChange: baseline === null || baseline === 0 ? null : (candidate - baseline) / Math.abs(baseline),
    trend: 'unknown',
    gate: {
      direction,
      limit: bound,
      regression: null,
      bound,
      outcome: outside ? 'fail' : 'pass',
      reason: '',
    },
  };
}

const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });

describe('the gauge', () => {
  it('keeps everything on its track, and the candidate in the forbidden part exactly when its gate fails', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('lower', 'higher'),
        value,
        fc.option(value),
        value,
        (direction, candidate, baseline, bound) => {
          const one = row(direction, candidate, baseline, bound);
          const scale = gaugeScale(one)!;
          for (const at of [scale.candidate, scale.baseline ?? 0.5, scale.from, scale.to]) {
            expect(at).toBeGreaterThanOrEqual(0);
            expect(at).toBeLessThanOrEqual(1);
          }
          expect(scale.outside).toBe(one.gate?.outcome === 'fail');
          if (scale.outside) {
            expect(scale.candidate).toBeGreaterThanOrEqual(scale.from);
            expect(scale.candidate).toBeLessThanOrEqual(scale.to);
          }
        },
      ),
    );
  });

  it('is not drawn without a bound or without a value', () => {
    expect(gaugeScale({ ...row('lower', 1, 1, 1), gate: null })).toBeNull();
    expect(gaugeScale({ ...row('lower', 1, 1, 1), candidate: null })).toBeNull();
  });
});

describe('a metric in words', () => {
  it('says the allowed regression only where that decides, not the limit', () => {
    const byLimit = row('higher', 0.95, 0.94, 0.9);
    expect(metricWords(byLimit, 'en')).toMatchObject({ bound: '≥ 0.900', allowed: null });
    const byRegression = { ...byLimit, gate: { ...byLimit.gate!, limit: null, regression: 0.005 } };
    expect(metricWords(byRegression, 'en').allowed).toBe('−0.5%');
  });

  it('says the absolute change where the baseline is zero', () => {
    const words = metricWords(row('lower', 2, 0, 3), 'en');
    expect(words.change?.short).toBe('+2');
    expect(words.change?.percent).toBeNull();
  });

  it('never calls a missing value fine', () => {
    const missing = { ...row('lower', 1, 1, 1), candidate: null, change: null, relativeChange: null };
    const failed = { ...missing, gate: { ...missing.gate!, outcome: 'fail' as const } };
    expect(stripLine(failed, metricWords(failed, 'en'))).toBe('not logged: fails its gate');
  });

  it('does not call a change good or bad when nobody said which way is better', () => {
    const words = metricWords({ ...row('lower', 2, 1, 3), gate: null, direction: null }, 'en');
    expect(words.change).toMatchObject({ word: '', tone: 'plain', direction: 'up' });
  });
});

describe('a sparkline', () => {
  it('leaves out what is no number and stays inside its box', () => {
    const points = sparkPoints([3, Number.NaN, 1, Number.POSITIVE_INFINITY, 2], 54, 16);
    expect(points).toHaveLength(3);
    for (const [x, y] of points) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(54);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(16);
    }
  });
});

describe('the time line of tasks', () => {
  const start = Date.parse('2026-11-23T10:00:02Z');
  it('grows with the running task, and leaves room for what is expected', () => {
    const now = start + 60_000;
    expect(timelineLength(tasks, start, now, null)).toBe(60_000);
    expect(timelineLength(tasks, start, now, 240_000)).toBe(240_000);
    expect(taskBar(tasks[1]!, start, 240_000, now)).toEqual({ from: 0.1, width: 0.15 });
    expect(taskBar(tasks[2]!, start, 240_000, now)).toBeNull();
  });
});
