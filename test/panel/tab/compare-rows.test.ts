import { describe, expect, it } from 'vitest';
import {
  bestOf,
  changeOf,
  inOrder,
  metricRows,
  parameterRows,
} from '../../../src/panel/features/tab/compare-rows.ts';
import { run } from '../fixtures/pull-view.ts';
import { champion, championDetail, runDetail } from './tab-data.ts';

describe('runs beside each other', () => {
  it('begin with production, though it is newer; then as they were trained', () => {
    const live = { ...championDetail, run: { ...champion, number: 50 } };
    const old = runDetail({ run: run({ number: 41 }) });
    const numbers = (details: ReturnType<typeof inOrder>) => details.map((detail) => detail.run.number);
    expect(numbers(inOrder([runDetail(), live, old]))).toEqual([50, 41, 43]);
    expect(numbers(inOrder([runDetail(), old]))).toEqual([41, 43]);
  });

  it('have a row for each metric of any of them, with the direction that is known', () => {
    const extra = runDetail({ run: run({ metrics: { log_loss: 1, seconds: 4 } }), verdict: null });
    expect(metricRows([extra, runDetail()])).toEqual([
      ...(runDetail().verdict?.metrics ?? []).map(({ metric: name, direction }) => ({ name, direction })),
      { name: 'seconds', direction: null },
    ]);
  });

  it('tell a parameter that one did not log from an equal one', () => {
    expect(
      parameterRows([
        championDetail,
        runDetail({ parameters: [{ name: 'max_depth', value: '8', baseline: null }] }),
      ]),
    ).toEqual([
      { name: 'max_depth', values: ['8', '8'], differs: false },
      { name: 'n_estimators', values: ['500', null], differs: true },
    ]);
  });
});

describe('the best of a row', () => {
  it.each([
    [[1, 2, null], 'lower', 1],
    [[1, 2, null], 'higher', 2],
    [[1, 2], null, null],
    [[2, 2], 'lower', null],
    [[2, null], 'lower', null],
  ] as const)('of %j, %s being better, is %j', (values, direction, best) => {
    expect(bestOf(values, direction)).toBe(best);
  });
});

describe('a change against the baseline', () => {
  it.each([
    [0.252, 0.241, 'lower', 'worse'],
    [0.23, 0.241, 'lower', 'better'],
    [0.92, 0.91, 'higher', 'better'],
    [-2, -1, 'higher', 'worse'],
    [5, 5, 'lower', 'same'],
    [6, 5, null, ''],
  ] as const)('from %2$d to %1$d, %3$s being better, is "%4$s"', (value, baseline, direction, word) => {
    expect(changeOf(value, baseline, direction)?.word).toBe(word);
  });

  it('is unknown where a value is missing or the baseline is 0', () => {
    expect(changeOf(null, 1, 'lower')).toBeNull();
    expect(changeOf(1, null, 'lower')).toBeNull();
    expect(changeOf(1, 0, 'lower')).toBeNull();
  });
});
