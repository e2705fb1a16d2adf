import { expect, test } from 'vitest';
import type { BoundRepository } from '../../../src/server/permission/bound-repository.ts';
import type { Run } from '../../../src/server/training/ports.ts';
import { createRemoteViews } from '../../../src/server/training/remote-views.ts';
import type { RemoteRun } from '../../../src/server/training/workspace-port.ts';
import { SimulatedClock } from '../../faults/simulated-clock.ts';

const repository = {} as BoundRepository;
const run = { id: 'r', trust: 'base', mlflowRunId: 'm' } as Run;

function views(options: { artifacts?: () => Promise<never[]>; logs?: string } = {}) {
  const clock = new SimulatedClock();
  const asked: string[] = [];
  const views = createRemoteViews({
    clock,
    log: { warn() {} },
    workspace: {
      run: async (_as, id) => {
        asked.push(`run ${id}`);
        return { tasks: [{ key: 'train', runId: '70' }] } as RemoteRun;
      },
      output: async (as, id) => {
        asked.push(`output ${id} as ${as.role}`);
        return { logs: options.logs ?? 'line\n', truncated: false, error: null, trace: null };
      },
      artifacts: async (_as, id) => {
        asked.push(`artifacts ${id}`);
        return (await options.artifacts?.()) ?? [];
      },
    },
  });
  return { clock, asked, ...views };
}

test('a thousand who look at a log cost one look in three seconds', async () => {
  const { clock, asked, taskOutput } = views();
  const look = () => taskOutput(repository, run, '7', 'train');
  const all = await Promise.all(Array.from({ length: 1_000 }, look));
  expect(new Set(all.map((output) => output?.logs))).toEqual(new Set(['line\n']));
  expect(asked).toEqual(['run 7', 'output 70 as trainer']);
  await clock.pass(2_900);
  await look();
  expect(asked).toHaveLength(2);
  await clock.pass(200);
  await look();
  expect(asked).toHaveLength(4);
});

test('a log is kept by its end, cut at a line, and is not mixed with another’s', async () => {
  const { asked, taskOutput } = views({ logs: `${'x'.repeat(99)}\n`.repeat(1_000) });
  const output = await taskOutput(repository, run, '7', 'train');
  expect([output?.truncated, output?.logs.length]).toEqual([true, 65_500]);
  expect(await taskOutput(repository, run, '7', 'gone')).toBeNull();
  await taskOutput(repository, { ...run, id: 'other', trust: 'fork' } as Run, '8', 'train');
  expect(asked.at(-1)).toBe('output 70 as fork');
});

test('artifacts are an extra: a page does not wait for them longer than three seconds', async () => {
  const slow = Promise.withResolvers<never[]>();
  const { clock, asked, artifacts } = views({ artifacts: () => slow.promise });
  const shown: unknown[] = [];
  void artifacts(repository, run).then((list) => shown.push(list));
  await clock.pass(3_001);
  expect(shown).toEqual([null]);
  slow.resolve([]);
  await clock.pass(0);
  expect(await artifacts(repository, run)).toEqual([]);
  expect(asked).toEqual(['artifacts m']);
  expect(await artifacts(repository, { ...run, mlflowRunId: null } as Run)).toEqual([]);
});

test('artifacts that Databricks does not tell are not known, and are asked for again', async () => {
  let fails = true;
  const { asked, artifacts } = views({
    artifacts: async () => {
      if (fails) throw new Error('gone');
      return [];
    },
  });
  expect(await artifacts(repository, run)).toBeNull();
  fails = false;
  expect(await artifacts(repository, run)).toEqual([]);
  expect(asked).toHaveLength(2);
});
