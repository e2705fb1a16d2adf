import { Type } from 'typebox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, TestBackend } from '../backend-with-forge.ts';
import { makeRepository, request, signedInBrowser, startBackendWithForge } from '../backend-with-forge.ts';

let backend: TestBackend;
let id: number;
const browsers: Record<string, Browser> = {};

const rights = ['view', 'train', 'release', 'audit'] as const;

beforeAll(async () => {
  backend = await startBackendWithForge({
    furtherActs: Object.fromEntries(
      rights.map((needs) => [`POST api/v1/repositories/:repository/${needs}`, { needs, does: 'try' }]),
    ),
    api: () => [
      (app) => {
        for (const right of rights) {
          app.post(
            `/repositories/:repository/${right}`,
            { schema: { params: Type.Object({ repository: Type.Integer() }) } },
            async ({ access }) => ({ name: access.user.name, repository: access.repository.fullName }),
          );
        }
      },
    ],
  });
  id = await makeRepository(backend);
  await backend.repositories.discover();
  for (const user of ['ada', 'wendy', 'rita', 'oscar']) browsers[user] = await signedInBrowser(backend, user);
});

afterAll(() => backend.close());

/** What each user may do now: `view,train,…`, or the status where they may not even see it. */
async function matrix(): Promise<Record<string, string>> {
  backend.pass(10_000);
  const result: Record<string, string> = {};
  for (const [user, browser] of Object.entries(browsers)) {
    const allowed: string[] = [];
    for (const right of rights) {
      const { statusCode } = await request(backend, browser, 'POST', `api/v1/repositories/${id}/${right}`, {
        body: {},
      });
      if (statusCode === 200) allowed.push(right);
      else if (right === 'view') allowed.push(String(statusCode));
    }
    result[user] = allowed.join(',');
  }
  return result;
}

const protect = (rule: Record<string, unknown>) =>
  backend.forge.api('ada', 'POST', '/repos/ml/wine-quality/branch_protections', {
    rule_name: 'main',
    ...rule,
  });

test('Gitea’s permissions decide; an unprotected production branch leaves releasing to administrators', async () => {
  expect(await matrix()).toEqual({
    ada: 'view,train,release,audit',
    wendy: 'view,train,audit',
    rita: 'view',
    oscar: '404',
  });
  const refused = await request(backend, browsers.wendy!, 'POST', `api/v1/repositories/${id}/release`, {
    body: {},
  });
  expect(refused.json()).toMatchObject({
    status: 403,
    code: 'permission-missing',
    detail: expect.stringContaining(
      'main is not protected, so only administrators of ml/wine-quality may release',
    ),
  });
});

test('a merge allow-list of the protected production branch decides who releases', async () => {
  const made = await protect({ enable_merge_whitelist: true, merge_whitelist_usernames: ['wendy'] });
  expect(made.status).toBe(201);
  expect((await matrix()).wendy).toBe('view,train,release,audit');
  expect((await matrix()).rita).toBe('view');
  await backend.forge.api('ada', 'PATCH', '/repos/ml/wine-quality/branch_protections/main', {
    merge_whitelist_usernames: ['ada'],
  });
  expect((await matrix()).wendy).toBe('view,train,audit');
  const view = await request(backend, browsers.wendy!, 'GET', `api/v1/repositories/${id}`);
  expect(view.json().permissions).toEqual({
    train: { allowed: true },
    release: {
      allowed: false,
      code: 'merge-missing',
      reason: expect.stringContaining('merge into main, which its protection does not give you'),
    },
    audit: { allowed: true },
    administer: {
      allowed: false,
      code: 'admin-missing',
      reason: expect.stringContaining('for administrators of ml/wine-quality; you have write access'),
    },
  });
});

test('a changed permission counts within seconds, in a running session', async () => {
  await backend.forge.api('ada', 'PUT', '/repos/ml/wine-quality/collaborators/rita', { permission: 'write' });
  expect((await matrix()).rita).toBe('view,train,audit');
  await backend.forge.api('ada', 'DELETE', '/repos/ml/wine-quality/collaborators/rita');
  expect((await matrix()).rita).toBe('404');
  await backend.forge.api('ada', 'PUT', '/repos/ml/wine-quality/collaborators/rita', { permission: 'read' });
  expect((await matrix()).rita).toBe('view');
});

test('what may not be seen, is not bound, or does not exist is the same answer', async () => {
  await backend.forge.api('ada', 'POST', '/orgs/ml/repos', { name: 'other', auto_init: true });
  const other = await backend.forge.api('ada', 'GET', '/repos/ml/other');
  const answers = await Promise.all(
    [id, other.body.id, 4711].map((repository) =>
      request(backend, browsers.oscar!, 'GET', `api/v1/repositories/${repository}`),
    ),
  );
  const bodies = answers.map((answer) => {
    const { instance, ...rest } = answer.json();
    expect(instance).toBeTruthy();
    return rest;
  });
  expect(bodies[0]).toMatchObject({ status: 404, code: 'not-found' });
  expect(bodies[1]).toEqual(bodies[0]);
  expect(bodies[2]).toEqual(bodies[0]);
  const { items } = await backend.transactor.stores.audit.list({ repository: id, before: null, limit: 1 });
  expect(items[0]).toMatchObject({ action: 'permission.refused', actor: { name: 'oscar' }, subject: 'view' });
});

test('refusals of signed-in people are recorded with who, where and why', async () => {
  const before = (await backend.transactor.stores.audit.head())?.sequence ?? 0;
  await request(backend, browsers.rita!, 'POST', `api/v1/repositories/${id}/train`, { body: {} });
  const { items } = await backend.transactor.stores.audit.list({ repository: id, before: null, limit: 1 });
  expect(items[0]).toMatchObject({
    sequence: before + 1,
    action: 'permission.refused',
    outcome: 'refused',
    actor: { kind: 'person', name: 'rita' },
    subject: 'train',
    detail: { code: 'write-missing', reason: expect.stringContaining('write access') },
  });
});

test('a page that shows another user than the session is refused', async () => {
  const wendy = browsers.wendy!;
  const { user } = (await request(backend, wendy, 'GET', 'api/v1/session')).json();
  const path = `api/v1/repositories/${id}`;
  const own = await request(backend, wendy, 'GET', path, { headers: { 'x-gitea-user': String(user.id) } });
  expect(own.statusCode).toBe(200);
  const foreign = await request(backend, wendy, 'GET', path, {
    headers: { 'x-gitea-user': String(user.id + 1) },
  });
  expect(foreign.statusCode).toBe(409);
  expect(foreign.json()).toMatchObject({ code: 'session-of-another-user' });
});

test('a withdrawn grant ends the session at the next question', async () => {
  const oscar = await signedInBrowser(backend, 'oscar');
  const grants = backend.forge.forge.context.store.grants;
  const user = backend.forge.forge.context.store.users.find({ lowerName: 'oscar' });
  const grant = grants.find({ userId: user?.id });
  grants.remove({ id: grant!.id });
  expect((await request(backend, oscar, 'GET', `api/v1/repositories/${id}`)).statusCode).toBe(401);
  expect((await request(backend, oscar, 'GET', 'api/v1/session')).statusCode).toBe(401);
});

test('a repository whose binding was removed or renamed goes to the one that covers it now', async () => {
  const { createBoundRepositories } = await import('../../../src/server/permission/bound-repositories.ts');
  const { configuration, transactor } = backend;
  const renamed = { ...configuration.bindings[0]!, id: 'renamed', repositories: ['ml/*'] };
  const others = createBoundRepositories({
    configuration: { ...configuration, bindings: [renamed] },
    transactor,
    directory: { async *list() {}, find: async () => null },
    log: { info() {}, error() {} },
  });
  const fixed = await transactor.stores.repositories.find(id);
  expect(await others.find(id)).toBeNull();
  expect((await others.see(fixed!))?.binding.id).toBe('renamed');
  expect((await others.find(id))?.binding.id).toBe('renamed');
  const { items } = await transactor.stores.audit.list({ repository: id, before: null, limit: 1 });
  expect(items[0]).toMatchObject({ action: 'binding.fixed', detail: { binding: 'renamed', before: 'wine' } });
});

test('a repository that two bindings cover belongs to none, and the log says so', async () => {
  const second = { ...backend.configuration.bindings[0]!, id: 'second', repositories: ['ml/wine-two'] };
  backend.configuration.bindings.push(second);
  const { createBoundRepositories } = await import('../../../src/server/permission/bound-repositories.ts');
  const said: object[] = [];
  const log = { info() {}, error: (detail: object) => void said.push(detail) };
  const both = createBoundRepositories({
    configuration: backend.configuration,
    transactor: backend.transactor,
    directory: { async *list() {}, find: async () => null },
    log,
  });
  const repository = { id: 9001, fullName: 'ml/wine-two', url: 'http://x', defaultBranch: 'main' };
  expect(await both.see(repository)).toBeNull();
  expect(await both.see(repository)).toBeNull();
  expect(said).toEqual([{ repository: 'ml/wine-two', id: 9001, bindings: ['wine', 'second'] }]);
});
