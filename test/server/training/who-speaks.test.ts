import { expect, test } from 'vitest';
import type { Happening, RunJournal } from '../../../src/server/training/journal.ts';
import type { NewRun, Run } from '../../../src/server/training/ports.ts';
import type { RunEvent } from '../../../src/server/training/transitions.ts';
import { FakeDatabricks } from './fake-databricks.ts';
import type { SmallStage } from './small-stage.ts';
import { newRun, openSmallStage, passed, repository, startBackend } from './small-stage.ts';

const person = { kind: 'person', id: 2, name: 'wendy' } as const;
/** Another commit with the same files: a merge. */
const twin = 't'.repeat(40);
const head = newRun(1).commit;
const why = { stateReason: 'Out of memory.' };

const success: [RunEvent, Happening['change']?][] = [
  ['taken-up'],
  ['uploaded', { snapshot: '/Workspace/snapshot', experimentId: '1' }],
  ['started', { databricksRunId: '77', nextCheckAt: '2030-01-01T00:00:00.000Z' }],
  ['trained'],
  ['judged', { mlflowRunId: 'm', metrics: { rmse: 0.7 }, verdict: passed }],
];
const failure: typeof success = [...success.slice(0, 3), ['failed-remotely', why]];

/** Attempts at one commit, one after the other; each as the one before. */
async function attempt(
  journal: RunJournal,
  number: number,
  life: typeof success,
  change: Partial<NewRun> = {},
): Promise<Run> {
  const asked = { ...newRun(1), token: `attempt-${number}`, attempt: number, ...change };
  let { run } = await journal.create(repository, asked, 3, person);
  for (const [event, known = {}] of life)
    run = await journal.record(repository, run, event, { actor: person, change: known });
  return run;
}

/** What was said last of the commit, and of which run. */
async function said({ stores }: SmallStage, sha: string): Promise<string> {
  const last = await stores.outbox.last(`status:${repository.id}:${sha}`);
  return `${last?.state} of ${String(last?.targetUrl).replace('http://127.0.0.1/runs/', '')}`;
}

test.each<[string, typeof success]>([
  ['fails', failure],
  ['is cancelled', [['cancelled-by-person', { stateReason: 'Cancelled by wendy.' }]]],
])('a retry that %s leaves the status to the success before it, as the comment does', async (_name, life) => {
  const stage = await openSmallStage();
  await stage.stores.runs.rememberTree(repository.id, twin, newRun(1).treeDigest);
  const { journal } = startBackend(stage, new FakeDatabricks(stage.clock));
  const first = await attempt(journal, 1, success);
  const all = async () => [await said(stage, head), await said(stage, twin)];
  expect(await all()).toEqual(Array(2).fill(`success of ${first.id}`));
  const retry = await attempt(journal, 2, []);
  expect(await all()).toEqual(Array(2).fill(`pending of ${retry.id}`));
  for (const [event, change = {}] of life)
    await journal.insist(repository, retry.id, event, { actor: person, change });
  expect(await all()).toEqual(Array(2).fill(`success of ${first.id}`));
  await stage.close();
});

test('a retry that succeeds after a failure has the word; what is tried out with other parameters has none', async () => {
  const stage = await openSmallStage();
  const { journal } = startBackend(stage, new FakeDatabricks(stage.clock));
  const failed = await attempt(journal, 1, failure);
  expect(await said(stage, head)).toBe(`failure of ${failed.id}`);
  const retry = await attempt(journal, 2, success);
  expect(await said(stage, head)).toBe(`success of ${retry.id}`);
  const { configuration } = newRun(1);
  await attempt(journal, 3, failure, {
    configuration: { ...configuration, parameters: [{ name: 'depth', type: 'integer', default: 2 }] },
    parameters: { depth: 9 },
  });
  expect(await said(stage, head)).toBe(`success of ${retry.id}`);
  await stage.close();
});

test('a fork’s run of the same commit does not speak for what ran with the rights of the repository', async () => {
  const stage = await openSmallStage();
  const { journal } = startBackend(stage, new FakeDatabricks(stage.clock));
  await attempt(journal, 1, success, { trust: 'fork' });
  const own = await attempt(journal, 2, failure);
  expect(await said(stage, head)).toBe(`failure of ${own.id}`);
  await stage.close();
});
