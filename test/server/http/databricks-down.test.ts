import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { commit, configuration, finish, startWholeBackend } from '../all-rooms.ts';
import type { Browser } from '../backend-with-forge.ts';
import { makeRepository, request, signedInBrowser } from '../backend-with-forge.ts';

type WholeBackend = Awaited<ReturnType<typeof startWholeBackend>>;

let backend: WholeBackend;
let repository: number;
let index: number;
let run: string;
let wendy: Browser;
let ada: Browser;

const down = {
  state: 'unreachable',
  since: '2026-01-05T14:02:00.000Z',
  asOf: '2026-01-05T14:01:00.000Z',
};
const call = (browser: Browser, method: 'GET' | 'POST', path: string, body?: unknown) =>
  request(backend, browser, method, `api/v1/repositories/${repository}${path}`, { body });
const rows = async () => {
  const { releases, outbox } = backend.transactor.stores;
  return [(await releases.list(repository)).length, await outbox.counts()];
};

beforeAll(async () => {
  backend = await startWholeBackend({ globs: ['ml/wine-quality'] });
  repository = await makeRepository(backend);
  await commit(backend, 'main', '.gitea/databricks.yml', configuration);
  await commit(backend, 'change', 'train.py', 'print()');
  const pull = await backend.forge.api('wendy', 'POST', '/repos/ml/wine-quality/pulls', {
    head: 'change',
    base: 'main',
    title: 'Change',
  });
  index = pull.body.number;
  await backend.repositories.discover();
  wendy = await signedInBrowser(backend, 'wendy');
  ada = await signedInBrowser(backend, 'ada');
  const { target } = backend.rooms;
  target.register(1, 2);
  target.alias = { champion: 1 };
  const made = await call(wendy, 'POST', '/runs', { pull: index });
  run = made.json().id;
  await finish(backend, { id: run }, { rmse: 0.5 }, 2);
  // Seen while all was well, by whoever looked.
  expect((await call(wendy, 'GET', '/models')).json().connection).toEqual({
    state: 'ok',
    since: null,
    asOf: null,
  });
}, 120_000);
afterAll(async () => await backend?.close());
beforeEach(() => {
  backend.rooms.target.down = true;
});

describe('while Databricks does not answer', () => {
  test.each([
    ['/runs'],
    ['/runs?sort=rmse'],
    ['/runs/RUN'],
    ['/runs/RUN/history'],
    ['/pulls/PULL'],
    ['/models'],
    ['/releases'],
    ['/audit'],
    [''],
  ])('GET repositories/{id}%s answers with what is known', async (path) => {
    const answer = await call(wendy, 'GET', path.replace('RUN', run).replace('PULL', String(index)));
    expect([answer.statusCode, answer.body]).toEqual([200, expect.any(String)]);
  });

  test('what was known last is shown, with its time', async () => {
    const models = (await call(ada, 'GET', '/models')).json();
    expect(models.connection).toMatchObject({ state: 'unreachable', since: down.since });
    expect(models.models[0]).toMatchObject({ known: true, champion: 1 });
    expect(models.models[0].versions.map(({ version }: { version: number }) => version)).toEqual([2, 1]);
    const pull = (await call(wendy, 'GET', `/pulls/${index}`)).json();
    expect(pull.connection).toEqual(down);
    expect(pull.actions.train).toMatchObject({ allowed: true });
    const detail = (await call(wendy, 'GET', `/runs/${run}`)).json();
    expect(detail).toMatchObject({ connection: down, run: { metrics: { rmse: 0.5 }, version: 2 } });
  });

  test('a log that only Databricks has is a problem that says since when', async () => {
    const { runs } = backend.transactor.stores;
    const now = await runs.findById(run);
    const task = { key: 'train', state: 'succeeded', startedAt: null, endedAt: null, message: null } as const;
    await runs.update(run, now!.version, { tasks: [task], databricksRunId: '7' });
    const answer = await call(wendy, 'GET', `/runs/${run}/tasks/train/output`);
    expect(answer.statusCode).toBe(502);
    expect(answer.json()).toMatchObject({ code: 'databricks-unavailable', connection: down });
  });

  test('a run is accepted, and says that it waits', async () => {
    const made = await call(wendy, 'POST', '/runs', { pull: index, parameters: { depth: 7 } });
    expect(made.statusCode).toBe(201);
    expect(made.json()).toMatchObject({ state: 'queued', stateReason: 'Waits until Databricks answers.' });
    const list = (await call(wendy, 'GET', '/runs?state=active')).json();
    expect(list.items[0]).toMatchObject({ stateReason: 'Waits until Databricks answers.' });
    backend.rooms.target.down = false;
    const after = (await call(wendy, 'GET', `/runs/${made.json().id}`)).json();
    expect(after.run.stateReason).toBeNull();
  });

  test('a release is refused before anything is written', async () => {
    const before = await rows();
    const plan = await call(ada, 'POST', '/models/wine/plans', { kind: 'promotion', toVersion: 2 });
    const release = await call(ada, 'POST', '/models/wine/releases', {
      kind: 'promotion',
      toVersion: 2,
      digest: 'a'.repeat(64),
    });
    for (const answer of [plan, release]) {
      expect(answer.statusCode).toBe(502);
      expect(answer.headers['retry-after']).toBe('7');
      expect(answer.json()).toMatchObject({
        code: 'databricks-unavailable',
        detail: 'Databricks does not answer, so nothing can be released. Try again when it does.',
        connection: down,
      });
    }
    expect(await rows()).toEqual(before);
    expect(backend.rooms.target.changes).toEqual([]);
  });

  test('a half-done release is neither finished nor undone', async () => {
    const { releases } = backend.transactor.stores;
    const [adopted] = await releases.list(repository);
    await backend.transactor.transaction(async (stores) => {
      await stores.releases.insert({
        ...adopted!,
        id: 'half-done',
        kind: 'promotion',
        state: 'partial',
        toVersion: 2,
      });
    });
    const answer = await call(ada, 'POST', '/releases/half-done/undo', {});
    expect([answer.statusCode, answer.json().code]).toEqual([502, 'databricks-unavailable']);
    expect((await releases.find(repository, 'half-done'))?.state).toBe('partial');
  });
});
