import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commit, configuration, finish, startWholeBackend } from '../all-rooms.ts';
import type { Browser, TestBackend } from '../backend-with-forge.ts';
import { makeRepository, request, signedInBrowser } from '../backend-with-forge.ts';

let backend: TestBackend;
let repository: number;
let foreign: number;
let head: string;
let index: number;
const browsers: Record<string, Browser> = {};

const as = (name: string, method: 'GET' | 'POST', path: string, body?: unknown) =>
  request(backend, browsers[name] ?? null, method, `api/v1/repositories/${path}`, { body });

beforeAll(async () => {
  backend = await startWholeBackend({ globs: ['ml/wine-quality'] });
  repository = await makeRepository(backend);
  await commit(backend, 'main', '.gitea/databricks.yml', configuration);
  head = await commit(backend, 'change', 'train.py', 'print()');
  const pull = await backend.forge.api('wendy', 'POST', '/repos/ml/wine-quality/pulls', {
    head: 'change',
    base: 'main',
    title: 'Change',
  });
  index = pull.body.number;
  const other = await backend.forge.api('ada', 'POST', '/orgs/ml/repos', { name: 'other', auto_init: true });
  foreign = other.body.id;
  await backend.repositories.discover();
  for (const name of ['wendy', 'rita', 'oscar']) browsers[name] = await signedInBrowser(backend, name);
}, 120_000);
afterAll(async () => await backend?.close());

describe('runs', () => {
  let first: { id: string; number: number };

  test('are trained by who may write, with parameters that the configuration allows', async () => {
    const refused = await as('rita', 'POST', `${repository}/runs`, { pull: index });
    expect(refused.statusCode).toBe(403);
    expect(refused.json()).toMatchObject({ code: 'permission-missing' });
    const wrong = await as('wendy', 'POST', `${repository}/runs`, {
      pull: index,
      parameters: { depth: 21, dept: 1 },
    });
    expect(wrong.statusCode).toBe(422);
    expect(
      wrong
        .json()
        .errors.map((error: { path: string }) => error.path)
        .sort(),
    ).toEqual(['parameters.dept', 'parameters.depth']);
    const made = await as('wendy', 'POST', `${repository}/runs`, {
      pull: index,
      commit: head,
      parameters: { depth: 9 },
    });
    expect(made.statusCode).toBe(201);
    first = made.json();
    expect(first).toMatchObject({ number: 1, state: 'queued', trigger: 'manual', commit: head, attempt: 1 });
    const audited = await backend.transactor.stores.audit.list({ repository, before: null, limit: 20 });
    expect(audited.items.map((entry) => entry.action)).toEqual(
      expect.arrayContaining(['run.created', 'run.train-requested', 'permission.refused']),
    );
  });

  test('are not made twice for the same commit and parameters', async () => {
    const again = await as('wendy', 'POST', `${repository}/runs`, { pull: index, parameters: { depth: 9 } });
    expect(again.statusCode).toBe(409);
    expect(again.json()).toMatchObject({ code: 'run-in-progress' });
  });

  test('are refused for another head than the one that was seen, and for what is not there', async () => {
    const stale = await as('wendy', 'POST', `${repository}/runs`, { pull: index, commit: '0'.repeat(40) });
    expect(stale.statusCode).toBe(409);
    expect(stale.json()).toMatchObject({ code: 'pull-not-trainable' });
    expect((await as('wendy', 'POST', `${repository}/runs`, { pull: 999 })).statusCode).toBe(404);
    expect((await as('wendy', 'POST', `${repository}/runs`, { branch: 'nowhere' })).statusCode).toBe(404);
    expect((await as('wendy', 'POST', `${repository}/runs`, { pull: 1, branch: 'main' })).statusCode).toBe(
      400,
    );
  });

  test('of another repository are not found, nor are those of one that may not be seen', async () => {
    expect((await as('wendy', 'GET', `${foreign}/runs/${first.id}`)).statusCode).toBe(404);
    expect((await as('oscar', 'GET', `${repository}/runs/${first.id}`)).statusCode).toBe(404);
    expect((await as('wendy', 'GET', `${repository}/runs/${'0'.repeat(20)}`)).statusCode).toBe(404);
    expect((await as('nobody', 'GET', `${repository}/runs`)).statusCode).toBe(401);
  });

  test('show what can be done with them', async () => {
    const seen = (await as('rita', 'GET', `${repository}/runs/${first.id}`)).json();
    expect(seen.actions.cancel).toMatchObject({ allowed: false });
    expect(seen.parameters).toEqual([{ name: 'depth', value: '9', baseline: null }]);
    const own = (await as('wendy', 'GET', `${repository}/runs/${first.id}`)).json();
    expect(own.actions).toMatchObject({
      cancel: { allowed: true },
      retry: { allowed: false, code: 'run-not-retryable' },
      train: { allowed: false, code: 'run-in-progress' },
    });
  });

  test('are cancelled once, and retried when they ended', async () => {
    expect((await as('rita', 'POST', `${repository}/runs/${first.id}/cancel`, {})).statusCode).toBe(403);
    const cancelled = await as('wendy', 'POST', `${repository}/runs/${first.id}/cancel`, {});
    expect(cancelled.json()).toMatchObject({ state: 'cancelled', stateReason: 'Cancelled by wendy.' });
    const again = await as('wendy', 'POST', `${repository}/runs/${first.id}/cancel`, {});
    expect(again.statusCode).toBe(409);
    expect(again.json()).toMatchObject({ code: 'run-not-cancellable' });
    const retried = await as('wendy', 'POST', `${repository}/runs/${first.id}/retry`, {});
    expect(retried.statusCode).toBe(201);
    expect(retried.json()).toMatchObject({ attempt: 2, trigger: 'retry', number: 2 });
    const early = await as('wendy', 'POST', `${repository}/runs/${retried.json().id}/retry`, {});
    expect(early.json()).toMatchObject({ code: 'run-not-retryable' });
  });

  test('are listed by state, text, author and metric, page by page', async () => {
    for (const depth of [3, 4]) {
      await as('wendy', 'POST', `${repository}/runs`, { branch: 'main', parameters: { depth } });
    }
    const { runs } = backend.transactor.stores;
    const { items } = await runs.list(
      { repositoryId: repository },
      { sort: { started: 'asc' }, offset: 0, limit: 9 },
    );
    expect(items.map((run) => run.number)).toEqual([1, 2, 3, 4]);
    await finish(backend, items[1]!, { rmse: 0.7 });
    await finish(backend, items[2]!, { rmse: 0.5, accuracy: 0.9 });
    const numbers = async (query: string) => {
      const answer = await as('rita', 'GET', `${repository}/runs?${query}`);
      if (answer.statusCode !== 200) throw new Error(answer.body);
      return answer.json().items.map((run: { number: number }) => run.number);
    };
    expect(await numbers('')).toEqual([4, 3, 2, 1]);
    expect(await numbers('sort=started&order=asc')).toEqual([1, 2, 3, 4]);
    expect(await numbers('sort=rmse')).toEqual([3, 2, 4, 1]);
    expect(await numbers('sort=rmse&order=desc')).toEqual([2, 3, 4, 1]);
    expect(await numbers('state=active')).toEqual([4]);
    expect(await numbers('state=cancelled,succeeded')).toEqual([3, 2, 1]);
    expect(await numbers(`pull=${index}`)).toEqual([2, 1]);
    expect(await numbers('author=wendy')).toEqual([4, 3, 2, 1]);
    expect(await numbers('author=wend')).toEqual([]);
    expect(await numbers(`query=${head.slice(0, 9)}`)).toEqual([2, 1]);
    expect(await numbers('query=%25')).toEqual([]);
    expect(await numbers('query=%233')).toEqual([3]);
    expect(await numbers('branch=main')).toEqual([4, 3]);
    const page = (await as('rita', 'GET', `${repository}/runs?limit=3`)).json();
    expect(page).toMatchObject({ total: 4, next: '3' });
    expect(await numbers(`limit=3&cursor=${page.next}`)).toEqual([1]);
    expect(page.metrics).toEqual([
      { name: 'rmse', direction: 'lower', primary: true },
      { name: 'accuracy', direction: null, primary: false },
    ]);
    expect((await as('rita', 'GET', `${repository}/runs?state=asleep`)).statusCode).toBe(400);
  });

  test('of a workspace that does not answer are shown as they were frozen', async () => {
    const { items } = (await as('rita', 'GET', `${repository}/runs?state=succeeded`)).json();
    const run = (await as('rita', 'GET', `${repository}/runs/${items[0].id}`)).json();
    expect(run.run.metrics).toEqual({ rmse: 0.5, accuracy: 0.9 });
    expect(run.artifacts).toEqual([]);
    expect((await as('rita', 'GET', `${repository}/runs/${items[0].id}/history`)).json()).toEqual({
      series: [],
    });
    const strange = await as(
      'rita',
      'GET',
      `${repository}/runs/${items[0].id}/history?metrics=constructor,__proto__,toString`,
    );
    expect(strange.json()).toEqual({ series: [] });
    expect((await as('rita', 'GET', `${repository}/runs/${items[0].id}/tasks/train/output`)).statusCode).toBe(
      404,
    );
  });
});

describe('a pull request', () => {
  test('is one answer: its head, its runs, what can be done', async () => {
    const view = (await as('wendy', 'GET', `${repository}/pulls/${index}`)).json();
    expect(view).toMatchObject({
      index,
      state: 'open',
      fork: false,
      head,
      primary: 'rmse',
      parameters: [{ name: 'depth', default: 6 }],
      notes: [],
      actions: { train: { allowed: true } },
    });
    expect(view.runs.map((run: { number: number }) => run.number)).toEqual([2, 1]);
    expect(view.run.number).toBe(2);
    const reader = (await as('rita', 'GET', `${repository}/pulls/${index}`)).json();
    expect(reader.actions.train).toMatchObject({ allowed: false });
    expect((await as('wendy', 'GET', `${repository}/pulls/999`)).statusCode).toBe(404);
  });
});
