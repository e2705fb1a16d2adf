import { expect, onTestFinished, test } from 'vitest';
import type { BoundRepositories } from '../../../src/server/permission/bound-repository.ts';
import { Poller } from '../../../src/server/training/poller.ts';
import type { Run, RunStore } from '../../../src/server/training/ports.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function polling(ids: string[], advance: (run: Run) => Promise<void>) {
  const done = new Set<string>();
  const due = ids.map((id) => ({ id, repositoryId: id.startsWith('b') ? 2 : 1 }) as Run);
  const repositories = {
    find: async (id: number) => ({ workspace: { name: id === 2 ? 'slow' : 'main' } }),
  } as unknown as BoundRepositories;
  const runs = {
    due: async () => due.filter((run) => !done.has(run.id)),
    nextDue: async () => null,
  } as unknown as RunStore;
  const once = async (run: Run) => {
    await advance(run);
    done.add(run.id);
  };
  const poller = new Poller({
    runs,
    repositories,
    advance: once,
    clock: () => new Date(),
    log: { error() {} },
    lanes: 2,
  });
  onTestFinished(async () => await poller.stop());
  poller.start();
  return poller;
}

test('a run whose look cannot be recorded rests, however often somebody wakes the poller', async () => {
  let looks = 0;
  const poller = polling(['a'], async () => {
    looks += 1;
    throw new Error('disk full');
  });
  for (let i = 0; i < 100; i++) {
    poller.wake();
    await turn();
  }
  expect(looks).toBe(1);
});

test('a workspace that does not answer holds up no other one', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const seen: string[] = [];
  const poller = polling(['b1', 'b2', 'b3', 'a1'], async (run) => {
    seen.push(run.id);
    if (run.repositoryId === 2) await promise;
  });
  while (!seen.includes('a1')) await turn();
  expect(seen).not.toContain('b3');
  resolve();
  while (!seen.includes('b3')) await turn();
  await poller.stop();
});
