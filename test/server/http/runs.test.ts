import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  parseRepositoryConfiguration,
  repositoryConfigurationFile,
} from '../../../src/server/config/parse-repository-configuration.ts';
import { createTrainingWorkspace } from '../../../src/server/databricks/training-workspace.ts';
import { WorkspaceHttp } from '../../../src/server/databricks/workspace-http.ts';
import { createGiteaForge } from '../../../src/server/gitea/gitea-forge.ts';
import { GiteaHttp } from '../../../src/server/gitea/gitea-http.ts';
import { pullRoutes } from '../../../src/server/http/routes/pulls.ts';
import { runRoutes } from '../../../src/server/http/routes/runs.ts';
import { createSituations } from '../../../src/server/report/situation.ts';
import { createConfigurations } from '../../../src/server/training/configurations.ts';
import type { Run } from '../../../src/server/training/ports.ts';
import { createTraining } from '../../../src/server/training/training.ts';
import type { Browser, TestBackend } from '../backend-with-forge.ts';
import { makeRepository, request, signedInBrowser, startBackendWithForge } from '../backend-with-forge.ts';

const configuration = `version: 1
train:
  entry: train.py
  parameters: {depth: {type: integer, default: 6, min: 1, max: 20}}
model: wine
metrics: {primary: rmse, gates: {rmse: {direction: lower, limit: 0.8}}}
`;

let backend: TestBackend;
let repository: number;
let foreign: number;
let head: string;
let index: number;
const browsers: Record<string, Browser> = {};

/** The rooms over the real forge; the poller rests, so runs stay as they were made, and no workspace answers. */
function routes({ transactor, hub }: { transactor: TestBackend['transactor']; hub: TestBackend['hub'] }) {
  const late = <T>(make: () => T) => {
    let made: T | undefined;
    return () => {
      made ??= make();
      return made;
    };
  };
  const rooms = late(() => {
    const { stores } = transactor;
    const { url, token } = backend.configuration.gitea;
    const forge = createGiteaForge(new GiteaHttp({ url, token, userAgent: 'test/1' }));
    const http = new WorkspaceHttp({ host: 'http://127.0.0.1:9', userAgent: 'test/1' });
    const workspace = createTrainingWorkspace(() => http, { accessToken: async () => 'token' });
    const configurations = createConfigurations({
      forge,
      memory: stores.memory,
      parse: parseRepositoryConfiguration,
      file: repositoryConfigurationFile,
      announcer: hub,
    });
    const training = createTraining({
      transactor,
      repositories: backend.repositories,
      forge,
      workspace,
      configurations,
      champions: { current: async () => null },
      announcer: hub,
      wakeOutbox: () => {},
      log: { info() {}, warn() {}, error() {} },
    });
    const situations = createSituations({
      forge,
      configurations,
      runs: stores.runs,
      promotions: { forPull: async () => null },
      configurationFile: repositoryConfigurationFile,
    });
    return { training, workspace, configurations, situations };
  });
  const lazily = <T extends object>(pick: () => T): T =>
    new Proxy({} as T, {
      get: (_target, key) => {
        const value = Reflect.get(pick(), key);
        return typeof value === 'function' ? value.bind(pick()) : value;
      },
    });
  const models = { aliases: async () => ({ champion: 3 }) };
  return [
    (app: TestBackend['app']) =>
      runRoutes(app, {
        runs: transactor.stores.runs,
        actions: lazily(() => rooms().training.actions),
        configurations: lazily(() => rooms().configurations),
        workspace: lazily(() => rooms().workspace),
        models,
      }),
    (app: TestBackend['app']) =>
      pullRoutes(app, {
        situations: lazily(() => rooms().situations),
        models,
        connection: async () => ({ state: 'ok', since: null, asOf: null }),
      }),
  ];
}

/** Commits one file to a branch and pushes it. @returns the commit */
async function commit(branch: string, path: string, text: string): Promise<string> {
  const { git, folder, remote } = backend.forge;
  const work = await mkdtemp(join(folder, 'work-'));
  await git(folder, 'clone', '--quiet', remote('wendy', 'ml/wine-quality'), work);
  await git(work, 'checkout', '--quiet', '-B', branch);
  await mkdir(dirname(join(work, path)), { recursive: true });
  await writeFile(join(work, path), text);
  await git(work, 'add', '.');
  await git(
    work,
    '-c',
    'user.name=Wendy',
    '-c',
    'user.email=wendy@example.com',
    'commit',
    '--quiet',
    '-m',
    path,
  );
  await git(work, 'push', '--quiet', 'origin', branch);
  return await git(work, 'rev-parse', 'HEAD');
}

const as = (name: string, method: 'GET' | 'POST', path: string, body?: unknown) =>
  request(backend, browsers[name] ?? null, method, `api/v1/repositories/${path}`, { body });

/** Ends a run in the store as the driver would, with these metrics. */
async function finish(run: Run, metrics: Record<string, number>): Promise<void> {
  const { runs } = backend.transactor.stores;
  const now = (await runs.findById(run.id))!;
  await runs.update(run.id, now.version, { state: 'succeeded', metrics, nextCheckAt: null });
}

beforeAll(async () => {
  backend = await startBackendWithForge({ globs: ['ml/wine-quality'], api: routes });
  repository = await makeRepository(backend);
  await commit('main', '.gitea/databricks.yml', configuration);
  head = await commit('change', 'train.py', 'print()');
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
    await finish(items[1]!, { rmse: 0.7 });
    await finish(items[2]!, { rmse: 0.5, accuracy: 0.9 });
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
