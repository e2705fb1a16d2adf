import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Binding } from '../../../src/server/config/server-configuration.ts';
import { createGiteaForge } from '../../../src/server/gitea/gitea-forge.ts';
import { GiteaHttp } from '../../../src/server/gitea/gitea-http.ts';
import { createRepositoryDirectory } from '../../../src/server/gitea/repository-directory.ts';
import { createBoundRepositories } from '../../../src/server/permission/bound-repositories.ts';
import { routeActs } from '../../../src/server/permission/matrix.ts';
import { commit, configuration, deliver, finish, startWholeBackend } from '../all-rooms.ts';
import type { Browser } from '../backend-with-forge.ts';
import { makeRepository, request, signedInBrowser } from '../backend-with-forge.ts';

// Repositories are made with git, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

const binding = (id: string, job: number): Binding => ({
  id,
  repositories: [`ml/${id}-*`],
  workspace: 'main',
  branch: null,
  experiment: `/Shared/${id}/{repository_id}`,
  jobs: { [`${id}-nightly`]: job },
  models: { [id]: { name: `ml.prod.${id}`, alias: 'champion', endpoint: id } },
  principals: { trainer: `${id}-trainer`, releaser: `${id}-releaser`, fork: `${id}-fork` },
  floors: {},
});

let backend: Awaited<ReturnType<typeof startWholeBackend>>;
let ada: Browser;

interface Place {
  name: string;
  model: string;
  repository: number;
  pull: number;
  head: string;
  run: string;
  release: string;
}

const api = (method: string, path: string, body?: unknown) => backend.forge.api('ada', method, path, body);

/** A bound repository with as many pull requests, a run that registered a version, and an adopted release. */
async function place(name: string, model: string, pulls: number, version: number): Promise<Place> {
  const repository = await makeRepository(backend, name);
  const where = { repository: `ml/${name}` };
  await commit(
    backend,
    'main',
    '.gitea/databricks.yml',
    configuration.replace('model: wine', `model: ${model}`),
    where,
  );
  let head = '';
  let pull = 0;
  for (let number = 1; number <= pulls; number += 1) {
    head = await commit(backend, `change-${number}`, 'train.py', `print(${number}) # ${name}`, where);
    const { body } = await backend.forge.api('wendy', 'POST', `/repos/ml/${name}/pulls`, {
      head: `change-${number}`,
      base: 'main',
      title: `Change ${number}`,
    });
    pull = body.number;
  }
  await backend.repositories.discover();
  const bound = (await backend.repositories.find(repository))!;
  const by = { user: { id: 2, name: 'wendy', fullName: '', avatarUrl: '' }, requestId: 'set-up' };
  const run = await backend.rooms.training.actions.train(bound, { pull, commit: head }, by);
  await finish(backend, run, { rmse: 0.5 }, version);
  await backend.rooms.catalogue.current(bound, model);
  const [release] = await backend.transactor.stores.releases.list(repository);
  return { name, model, repository, pull, head, run: run.id, release: release!.id };
}

beforeAll(async () => {
  backend = await startWholeBackend({ bindings: [binding('wine', 123), binding('tea', 456)] });
  backend.rooms.target.register(1, 2, 3);
  backend.rooms.target.alias = { champion: 1 };
  ada = await signedInBrowser(backend, 'ada');
}, 120_000);

afterAll(async () => await backend?.close());

const ask = (method: 'GET' | 'POST', path: string, body?: unknown) =>
  request(backend, ada, method, `api/v1/repositories/${path}`, { body });

let own: Place;
let other: Place;
let sibling: Place;

/** A message about a place that was given up on. @returns its id */
async function park({ repository, head }: Place): Promise<string> {
  const { outbox } = backend.transactor.stores;
  const message = { topic: 'status', key: `status:${repository}:${head}`, payload: { repository } } as const;
  await outbox.withdraw(message.key, ['status'], '2026-01-01T00:00:00.000Z');
  await outbox.enqueue(message);
  const { id } = (await outbox.due('9999', 200)).find(({ key }) => key === message.key)!;
  await outbox.park(id, '2026-01-01T00:00:00.000Z', 'refused');
  return id;
}

describe('what belongs to another repository is refused in every parameter', () => {
  /** Messages of the places, in the order own, sibling, other. */
  let messages: string[] = [];

  afterAll(async () => {
    const { outbox } = backend.transactor.stores;
    for (const { repository, head } of [own, sibling, other])
      await outbox.withdraw(`status:${repository}:${head}`, ['status'], '2026-01-01T00:00:00.000Z');
  });

  beforeAll(async () => {
    own = await place('wine-a', 'wine', 1, 2);
    sibling = await place('wine-b', 'wine', 1, 3);
    other = await place('tea-a', 'tea', 2, 2);
    messages = [await park(own), await park(sibling), await park(other)];
  }, 120_000);

  /** Foreign values by the name of the parameter; `ada` may see all of these repositories. */
  const foreign = (): Record<string, string[]> => ({
    run: [other.run, sibling.run, '4711', 'mlflow-2', '../runs', '%2e%2e'],
    release: [other.release, sibling.release, '4711'],
    model: ['tea', 'ml.prod.tea', 'ml.prod.wine', '__proto__', 'constructor', 'toString'],
    index: [String(other.pull), '4711'],
    task: ['4711', 'train', other.run],
    message: [...messages.slice(1), '4711'],
  });

  const parameters = Object.keys(routeActs).flatMap((act) =>
    [...act.matchAll(/:(\w+)/g)]
      .map(([, name = '']) => ({ act, name }))
      .filter(({ name }) => name !== 'repository'),
  );

  test('every parameter of every route is among them', () => {
    expect([...new Set(parameters.map(({ name }) => name))].sort()).toEqual(Object.keys(foreign()).sort());
    expect(parameters.length).toBeGreaterThan(10);
  });

  test.each(parameters)('$act: $name', async ({ act, name }) => {
    const [method = 'GET', route = ''] = act.split(' ');
    const own2: Record<string, string> = {
      repository: String(own.repository),
      run: own.run,
      release: own.release,
      model: own.model,
      index: String(own.pull),
      task: 'train',
      message: messages[0] ?? '',
    };
    const before = (await backend.transactor.stores.audit.head())?.sequence;
    for (const value of foreign()[name] ?? []) {
      const path = route.replace(/:(\w+)/g, (_, key: string) =>
        key === name ? encodeURIComponent(value) : encodeURIComponent(own2[key] ?? ''),
      );
      const last = /(\w+)$/.exec(route)?.[1] ?? '';
      const bodies: Record<string, unknown> = {
        plans: { kind: 'promotion', toVersion: 2 },
        releases: { kind: 'promotion', toVersion: 2, digest: 'x'.repeat(64) },
      };
      const answer = await request(backend, ada, method as 'GET', path, {
        ...(method === 'POST' && { body: bodies[last] ?? {} }),
      });
      expect([value, answer.statusCode, answer.json().code]).toEqual([value, 404, 'not-found']);
      expect(answer.body).not.toContain(other.head);
    }
    // Nothing was done on the way: not even an entry in the audit log.
    expect((await backend.transactor.stores.audit.head())?.sequence).toBe(before);
  });

  test('lists hold nothing of another one, whatever is asked for', async () => {
    for (const query of [`pull=${other.pull}`, `query=${other.head.slice(0, 10)}`, 'branch=change-2']) {
      const { items } = (await ask('GET', `${own.repository}/runs?${query}`)).json();
      expect(items).toEqual([]);
    }
    const audit = (await ask('GET', `${own.repository}/audit?limit=200`)).json();
    expect(audit.items.every((item: { repository: number }) => item.repository === own.repository)).toBe(
      true,
    );
    expect(audit.items.length).toBeGreaterThan(1);
  });

  test('a foreign pull request, commit or branch is not trained', async () => {
    const refused = async (body: unknown) => (await ask('POST', `${own.repository}/runs`, body)).json().code;
    expect(await refused({ pull: other.pull })).toBe('not-found');
    expect(await refused({ pull: own.pull, commit: other.head })).toBe('pull-not-trainable');
    expect(await refused({ branch: 'change-2' })).toBe('not-found');
    for (const extra of ['job', 'model', 'experiment', 'principal', 'endpoint', 'workspace']) {
      expect(await refused({ pull: own.pull, [extra]: 'tea' })).toBe('bad-request');
    }
  });

  test('a version that another repository trained is not released, nor under another’s plan', async () => {
    const plan = await ask('POST', `${own.repository}/models/wine/plans`, {
      kind: 'promotion',
      toVersion: 3,
    });
    const { digest, blocked } = plan.json();
    expect(blocked).not.toEqual([]);
    const start = (body: unknown) => ask('POST', `${own.repository}/models/wine/releases`, body);
    const answer = await start({ kind: 'promotion', toVersion: 3, digest });
    expect([answer.statusCode, answer.json().code]).toEqual([422, 'version-not-releasable']);
    const theirs = await ask('POST', `${other.repository}/models/tea/plans`, {
      kind: 'promotion',
      toVersion: 2,
    });
    const taken = await start({ kind: 'promotion', toVersion: 2, digest: theirs.json().digest });
    expect(taken.json().code).toBe('plan-outdated');
    expect(backend.rooms.target.changes).toEqual([]);
  });

  test.each([
    ['a job of another binding', 'entry: train.py', 'job: tea-nightly'],
    ['a job by its id', 'entry: train.py', 'job: 456'],
    ['a job by its id, as text', 'entry: train.py', 'job: "456"'],
    ['a model of another binding', 'model: wine', 'model: tea'],
    ['a model by its full name', 'model: wine', 'model: ml.prod.tea'],
    ['an inherited name', 'model: wine', 'model: constructor'],
    ['an experiment', 'model: wine', 'model: wine\nexperiment: /Shared/tea/1'],
    ['a principal', 'model: wine', 'model: wine\nprincipals: {trainer: tea-trainer}'],
    ['a script outside the commit', 'entry: train.py', 'entry: ../../other/train.py'],
  ])('a repository’s configuration that names %s is invalid', async (_what, from, to) => {
    await commit(backend, 'main', '.gitea/databricks.yml', configuration.replace(from, to), {
      repository: `ml/${own.name}`,
    });
    const answer = await ask('POST', `${own.repository}/runs`, { branch: 'main' });
    expect([answer.statusCode, answer.json().code]).toEqual([422, 'configuration-invalid']);
  });
});

describe('a binding follows Gitea’s id, not the name', () => {
  const rename = (from: string, to: string) => api('PATCH', `/repos/ml/${from}`, { name: to });

  const refusals = async (id: number) =>
    (await backend.transactor.stores.audit.list({ repository: id, before: null, limit: 50 })).items.filter(
      ({ action }) => action === 'binding.refused',
    );

  test('renamed it stays bound, with its runs; what is created under its old name gets nothing', async () => {
    const first = await place('wine-quality', 'wine', 1, 2);
    await rename('wine-quality', 'grapes');
    backend.pass(10_000);
    const renamed = await ask('GET', String(first.repository));
    expect(renamed.json()).toMatchObject({ id: first.repository, fullName: 'ml/grapes', binding: 'wine' });
    expect((await ask('GET', `${first.repository}/runs`)).json().total).toBe(1);

    const second = await makeRepository(backend, 'wine-quality');
    expect(second).not.toBe(first.repository);
    await commit(backend, 'main', '.gitea/databricks.yml', configuration);
    await backend.repositories.discover();
    await backend.repositories.discover();
    expect(await backend.repositories.find(second)).toBeNull();
    expect(await backend.repositories.findByName('ML/wine-quality')).toBeNull();
    expect((await ask('GET', String(second))).statusCode).toBe(404);
    expect(await refusals(second)).toHaveLength(1);
    // Nor does a delivery of it: nothing is trained, so no token is exchanged.
    const branch = (await api('GET', '/repos/ml/wine-quality/branches/main')).body;
    await expect(
      backend.rooms.training.handle({
        kind: 'branch-moved',
        repositoryId: second,
        branch: 'main',
        before: '0'.repeat(40),
        after: branch.commit.id,
      }),
    ).resolves.toBe('not bound');
    expect(await backend.transactor.stores.runs.counts(second)).toEqual({ runs: 0, active: 0 });
  });

  test('until the admin names it by its id; then it starts with a history of its own', async () => {
    const id = (await api('GET', '/repos/ml/wine-quality')).body.id;
    const { url, token } = backend.configuration.gitea;
    const http = new GiteaHttp({ url, token, userAgent: 'test/1' });
    const named = (rule: string) =>
      createBoundRepositories({
        configuration: {
          ...backend.configuration,
          bindings: [{ ...backend.configuration.bindings[0]!, repositories: ['ml/wine-*', rule] }],
        },
        transactor: backend.transactor,
        directory: createRepositoryDirectory(http),
        log: { info() {}, error() {} },
      });
    expect(await named(`ml/wine-quality#${id + 1000}`).current(id)).toBeNull();
    expect((await named(`ml/wine-quality#${id}`).current(id))?.binding.id).toBe('wine');
    expect((await ask('GET', `${id}/runs`)).json().total).toBe(0);
  });

  test('transferred it stays bound, though its new name matches no rule', async () => {
    const moved = await place('wine-moved', 'wine', 1, 2);
    const { repositories, users } = backend.forge.forge.context.store;
    const owner = users.find({ lowerName: 'wendy' })!;
    repositories.update(moved.repository, { ownerId: owner.id });
    backend.pass(10_000);
    const answer = await ask('GET', String(moved.repository));
    expect(answer.json()).toMatchObject({ fullName: 'wendy/wine-moved', binding: 'wine' });
    const taken = await makeRepository(backend, 'wine-moved');
    await backend.repositories.discover();
    expect(await backend.repositories.find(taken)).toBeNull();
  });

  test('deleted and created again it is another one: no run, no comment and no reaction gets there', async () => {
    const old = await place('wine-gone', 'wine', 1, 2);
    await api('DELETE', '/repos/ml/wine-gone');
    backend.pass(10_000);
    expect((await ask('GET', String(old.repository))).statusCode).toBe(404);
    expect(await backend.repositories.current(old.repository)).toBeNull();

    const again = await makeRepository(backend, 'wine-gone');
    const where = { repository: 'ml/wine-gone' };
    await commit(backend, 'main', '.gitea/databricks.yml', configuration, where);
    await commit(backend, 'change-1', 'train.py', 'print(1)', where);
    const pull = await backend.forge.api('wendy', 'POST', '/repos/ml/wine-gone/pulls', {
      head: 'change-1',
      base: 'main',
      title: 'The same number',
    });
    expect(pull.body.number).toBe(old.pull);
    await backend.repositories.discover();
    backend.pass(10_000);
    expect((await ask('GET', String(again))).statusCode).toBe(404);
    expect((await ask('GET', String(old.repository))).statusCode).toBe(404);

    // What was still to go out for the old one must not go to the new one of its name.
    const report = { repository: old.repository, pull: old.pull };
    const status = {
      repository: old.repository,
      sha: old.head,
      state: 'success',
      description: '',
      targetUrl: '',
    };
    await backend.transactor.transaction(async ({ outbox }) => {
      await outbox.enqueue({ topic: 'report', key: 'report:old', payload: report });
      await outbox.enqueue({ topic: 'status', key: 'status:old', payload: status });
    });
    backend.rooms.duties.outbox.start();
    await vi.waitFor(
      async () => expect(await backend.transactor.stores.outbox.counts()).toEqual({ pending: 0, parked: 0 }),
      { timeout: 10_000, interval: 25 },
    );
    await backend.rooms.duties.outbox.stop();
    expect((await api('GET', `/repos/ml/wine-gone/issues/${old.pull}/comments`)).body).toEqual([]);
    // Comparing with Gitea does not look at the new one in the old one's name either.
    const { url, token } = backend.configuration.gitea;
    const forge = createGiteaForge(new GiteaHttp({ url, token, userAgent: 'test/1' }));
    expect(await forge.repository(old.repository)).toBeNull();
    await backend.rooms.training.reconciler.reconcile();
    expect((await backend.transactor.stores.runs.counts(old.repository)).runs).toBe(1);
    expect((await backend.transactor.stores.runs.counts(again)).runs).toBe(0);
  });

  test('a delivery that names one repository and describes another changes nothing in either', async () => {
    const [wine, tea] = [sibling, other];
    const counts = async () =>
      await Promise.all(
        [wine, tea].map(({ repository }) => backend.transactor.stores.runs.counts(repository)),
      );
    const before = await counts();
    const sent = await deliver(backend, 'push', 'push', {
      ref: 'refs/heads/main',
      before: '0'.repeat(40),
      after: tea.head,
      repository: { id: wine.repository, full_name: `ml/${tea.name}` },
    });
    expect(sent.statusCode).toBe(202);
    const handled = await backend.rooms.training.handle({
      kind: 'branch-moved',
      repositoryId: wine.repository,
      branch: 'main',
      before: '0'.repeat(40),
      after: tea.head,
    });
    expect(handled).toBe(`${tea.head.slice(0, 10)} is not on main any more`);
    expect(await counts()).toEqual(before);
  });
});
