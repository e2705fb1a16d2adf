/**
 * Tries every cell of the permission matrix with real requests: each standing × each route, and each standing ×
 * each slash command. Long because everybody must be set up once; the cases themselves come from the table.
 */
import { readFileSync } from 'node:fs';
import type { RouteOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { permissionMatrix } from '../../../build/permission-matrix.ts';
import { guardByMatrix } from '../../../src/server/http/matrix-guard.ts';
import { sessionCookie } from '../../../src/server/http/session-hook.ts';
import { hashToken } from '../../../src/server/identity/seal.ts';
import type { StoredSession } from '../../../src/server/identity/session-ports.ts';
import type { Outcome, Standing, StandingName } from '../../../src/server/permission/matrix.ts';
import { commandActs, outcomeFor, routeActs, standings } from '../../../src/server/permission/matrix.ts';
import { commit, configuration, deliver, finish, startWholeBackend } from '../all-rooms.ts';
import type { Browser } from '../backend-with-forge.ts';
import { makeRepository, request, signedInBrowser } from '../backend-with-forge.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 180_000 });

/** Who stands where; the public repository is another one. */
const people: Record<StandingName, string> = {
  anonymous: '',
  outsider: 'oscar',
  public: 'oscar',
  read: 'rita',
  fork: 'fred',
  write: 'wendy',
  merge: 'merle',
  admin: 'adam',
  site: 'ada',
  removed: 'rolf',
  withdrawn: 'wim',
};

let backend: Awaited<ReturnType<typeof startWholeBackend>>;
/** Of one standing: the repository, and what is in it. */
type Place = { repository: number; run: string; active: string; release: string; pull: number; name: string };
let hidden: Place;
let open: Place;
const browsers: Partial<Record<StandingName, Browser>> = {};
let withdrawn: StoredSession;
let withdrawnCookie: string;

/** A bound repository with a pull request, runs, versions and a release. */
async function place(name: string, isPrivate: boolean): Promise<Place> {
  const path = `/repos/ml/${name}`;
  const repository = await makeRepository(backend, name, isPrivate);
  for (const [user, permission] of [
    ['fred', 'read'],
    ['merle', 'write'],
    ['adam', 'admin'],
    ['rolf', 'write'],
    ['wim', 'write'],
  ]) {
    await backend.forge.api('ada', 'PUT', `${path}/collaborators/${user}`, { permission });
  }
  const where = { repository: `ml/${name}` };
  await commit(backend, 'main', '.gitea/databricks.yml', configuration, where);
  const head = await commit(backend, 'change', 'train.py', 'print()', where);
  const pull = { head: 'change', base: 'main', title: 'Change' };
  const { body } = await backend.forge.api('wendy', 'POST', `${path}/pulls`, pull);
  await backend.forge.api('ada', 'POST', `${path}/branch_protections`, {
    rule_name: 'main',
    enable_merge_whitelist: true,
    merge_whitelist_usernames: ['merle', 'adam', 'ada'],
  });
  await backend.repositories.discover();
  const bound = (await backend.repositories.find(repository))!;
  const by = { user: { id: 2, name: 'wendy', fullName: '', avatarUrl: '' }, requestId: 'set-up' };
  const train = (depth: number) =>
    backend.rooms.training.actions.train(
      bound,
      { pull: body.number, commit: head, parameters: { depth } },
      by,
    );
  const run = await train(1);
  await finish(backend, run, { rmse: 0.5 }, 1);
  const active = await train(2);
  await backend.rooms.catalogue.current(bound, 'wine');
  const [release] = await backend.transactor.stores.releases.list(repository);
  return { repository, run: run.id, active: active.id, release: release!.id, pull: body.number, name };
}

beforeAll(async () => {
  backend = await startWholeBackend({ rateLimits: { user: 100_000, address: 100_000 } });
  for (const name of ['fred', 'merle', 'adam', 'rolf', 'wim']) {
    const password = backend.forge.password(name);
    await backend.forge.forge.createUser({ name, password, email: `${name}@example.com` });
  }
  backend.rooms.target.register(1, 2);
  backend.rooms.target.alias = { champion: 1 };
  hidden = await place('wine-private', true);
  open = await place('wine-public', false);
  await backend.forge.api('fred', 'POST', '/repos/ml/wine-private/forks', {});
  await commit(backend, 'theirs', 'train.py', 'print(1)', { repository: 'fred/wine-private', user: 'fred' });
  const theirs = { head: 'fred:theirs', base: 'main', title: 'Theirs' };
  const opened = await backend.forge.api('fred', 'POST', '/repos/ml/wine-private/pulls', theirs);
  if (opened.status !== 201) throw new Error(JSON.stringify(opened.body));
  for (const [standing, user] of Object.entries(people) as [StandingName, string][]) {
    if (user !== '') browsers[standing] = await signedInBrowser(backend, user);
  }
  // In mid-session: one loses access, one takes back the grant.
  for (const standing of ['removed', 'withdrawn'] as const) {
    const before = await request(
      backend,
      browsers[standing]!,
      'GET',
      `api/v1/repositories/${hidden.repository}`,
    );
    if (before.statusCode !== 200) throw new Error(before.body);
  }
  withdrawnCookie = browsers.withdrawn!.backend.get(sessionCookie)!;
  withdrawn = (await backend.transactor.stores.sessions.find(hashToken(withdrawnCookie)))!;
  await backend.forge.api('ada', 'DELETE', '/repos/ml/wine-private/collaborators/rolf');
  const { users, grants } = backend.forge.forge.context.store;
  const grant = grants.find({ userId: users.find({ lowerName: 'wim' })!.id });
  grants.remove({ id: grant!.id });
  backend.pass(10_000);
}, 180_000);

afterAll(async () => {
  await backend?.rooms.duties.deliveries.stop();
  await backend?.rooms.duties.outbox.stop();
  await backend?.close();
});

const bodies: Record<string, unknown> = {
  plans: { kind: 'promotion', toVersion: 2 },
  releases: { kind: 'promotion', toVersion: 2, digest: 'x'.repeat(64) },
  runs: { pull: 1, parameters: { depth: 99 } },
};

function addressOf(route: string, at: Place): string {
  const parameters: Record<string, string | number> = {
    repository: at.repository,
    run: at.run,
    task: 'train',
    index: at.pull,
    model: 'wine',
    release: at.release,
    message: 'none',
  };
  const path = route.replace(/:(\w+)/g, (_, name: string) => String(parameters[name]));
  return path === 'api/v1/events' ? `${path}?repositories=${at.repository}` : path;
}

/** What a guard that lets pass leads to: the route's own answer, whatever that is for these things. */
const refusals = new Set(['signed-out', 'permission-missing']);

function outcomeOf(status: number, body: string, hiddenText: string): Outcome {
  const code = body.startsWith('{"type"') ? String(JSON.parse(body).code) : '';
  if (code === 'signed-out') return 'signed-out';
  if (code === 'permission-missing') return 'refused';
  if (code === 'not-found' && body.includes(hiddenText)) return 'hidden';
  if (status >= 500 && code !== 'databricks-unavailable') throw new Error(`${status} ${body}`);
  return refusals.has(code) ? 'refused' : 'done';
}

const noSuch = 'it does not exist, you may not see it, or no binding covers it';

const cells = (Object.entries(standings) as [StandingName, Standing][]).flatMap(([name, standing]) =>
  Object.entries(routeActs).flatMap(([act, { needs }]) => {
    const expected = outcomeFor(standing, needs);
    return expected === null || act.startsWith('OPTIONS') || act.includes('api/v1/events')
      ? []
      : [{ name, act, expected }];
  }),
);

test('the matrix has everybody, every route and every outcome', () => {
  expect(cells.length).toBeGreaterThan(250);
  expect(new Set(cells.map(({ expected }) => expected)).size).toBe(4);
});

// Sign-out last: it ends the session that the other cells use.
const ordered = [...cells].sort(
  (a, b) => Number(a.act.startsWith('DELETE')) - Number(b.act.startsWith('DELETE')),
);

describe.each(Object.keys(standings) as StandingName[])('%s', (name) => {
  test.each(ordered.filter((cell) => cell.name === name))('$act: $expected', async ({ act, expected }) => {
    const [method = 'GET', route = ''] = act.split(' ');
    const at = name === 'public' ? open : hidden;
    if (name === 'withdrawn') await sessionAsBefore();
    const last = /(\w+)$/.exec(route)?.[1] ?? '';
    const answer = await request(backend, browsers[name] ?? null, method as 'GET', addressOf(route, at), {
      ...(method === 'POST' && { body: bodies[last] ?? {} }),
    });
    expect(outcomeOf(answer.statusCode, answer.body, noSuch), answer.body.slice(0, 300)).toBe(expected);
    if (expected === 'refused') {
      const { detail } = answer.json() as { detail: string };
      expect(detail).toMatch(/needs (write access|the right to merge)|is for administrators of/);
      expect(detail).toContain('administrator of the repository');
    }
  });
});

/** The first question ends the session of somebody who withdrew the grant; each cell finds it as it was before. */
async function sessionAsBefore(): Promise<Browser> {
  const { sessions } = backend.transactor.stores;
  browsers.withdrawn!.backend.set(sessionCookie, withdrawnCookie);
  if ((await sessions.find(withdrawn.idHash)) === null) await sessions.add(withdrawn);
  return browsers.withdrawn!;
}

test('live changes are for those who may view: others get the answer of their standing', async () => {
  for (const [name, standing] of Object.entries(standings) as [StandingName, Standing][]) {
    if (outcomeFor(standing, 'view-each') === 'done') continue;
    if (name === 'withdrawn') await sessionAsBefore();
    else if (people[name] !== '') browsers[name] = await signedInBrowser(backend, people[name]);
    const answer = await request(backend, browsers[name] ?? null, 'GET', addressOf('api/v1/events', hidden));
    expect([name, outcomeOf(answer.statusCode, answer.body, noSuch)]).toEqual([
      name,
      outcomeFor(standing, 'view-each'),
    ]);
  }
});

describe('a private repository does not betray itself', () => {
  let oscar: Browser | undefined;
  const changing = new Set(['x-request-id', 'date', 'ratelimit-remaining', 'ratelimit-reset', 'ratelimit']);

  beforeAll(async () => {
    oscar = await signedInBrowser(backend, 'oscar');
  });

  test.each(Object.keys(routeActs).filter((act) => act.includes(':repository')))(
    '%s answers as for one that does not exist, in status, headers and body',
    async (act) => {
      const [method = 'GET', route = ''] = act.split(' ');
      const last = /(\w+)$/.exec(route)?.[1] ?? '';
      const options = method === 'POST' ? { body: bodies[last] ?? {} } : {};
      const ask = async (repository: number) => {
        const answer = await request(
          backend,
          oscar!,
          method as 'GET',
          addressOf(route, { ...hidden, repository }),
          options,
        );
        const headers = Object.fromEntries(
          Object.entries(answer.headers).filter(([header]) => !changing.has(header)),
        );
        const { instance, ...body } = answer.json();
        expect(instance).toMatch(/^[0-9a-f-]{36}$/);
        return { status: answer.statusCode, names: Object.keys(answer.headers).sort(), headers, body };
      };
      const there = await ask(hidden.repository);
      expect(there.status).toBe(404);
      expect(await ask(987_654)).toEqual(there);
    },
  );

  test('nor by how Gitea is asked: also for what is not bound one question goes out', async () => {
    const wim = await sessionAsBefore();
    const answer = await request(backend, wim, 'GET', 'api/v1/repositories/987654');
    expect(answer.json()).toMatchObject({ code: 'signed-out' });
  });
});

describe('slash commands', () => {
  beforeAll(async () => {
    backend.rooms.duties.outbox.start();
    backend.rooms.duties.deliveries.start();
    // Everybody is known by the bot: it administers the repositories.
    for (const { name } of [hidden, open])
      await backend.forge.api('ada', 'PUT', `/repos/ml/${name}/collaborators/bot`, { permission: 'admin' });
  });

  /** Who can write a comment at all. */
  const commenters = (Object.entries(standings) as [StandingName, Standing][]).filter(
    ([name, { rights }]) => rights.length > 0 || name === 'removed',
  );
  const all = commenters.flatMap(([name, standing]) =>
    Object.entries(commandActs).map(([verb, { needs }]) => ({
      name,
      verb,
      expected: outcomeFor(standing, needs) === 'done' ? 'done' : 'refused',
    })),
  );

  test.each(all)('$name: /databricks $verb is $expected', async ({ name, verb, expected }) => {
    const at = name === 'public' ? open : hidden;
    const path = `/repos/ml/${at.name}`;
    const give = (permission: string) =>
      backend.forge.api('ada', 'PUT', `${path}/collaborators/rolf`, { permission });
    if (name === 'removed') await give('write');
    const written = await backend.forge.api(people[name], 'POST', `${path}/issues/${at.pull}/comments`, {
      body: `/databricks ${verb}`,
    });
    expect(written.status).toBe(201);
    if (name === 'removed') await backend.forge.api('ada', 'DELETE', `${path}/collaborators/rolf`);
    backend.pass(10_000);
    const get = async (what: string) => (await backend.forge.api('ada', 'GET', `${path}${what}`)).body;
    await deliver(backend, 'issue_comment', 'pull_request_comment', {
      action: 'created',
      issue: await get(`/issues/${at.pull}`),
      pull_request: await get(`/pulls/${at.pull}`),
      comment: written.body,
      repository: await get(''),
      sender: written.body.user,
      is_pull: true,
    });
    const reaction = await vi.waitFor(
      async () => {
        const [first] = await get(`/issues/comments/${written.body.id}/reactions`);
        expect(first).toBeDefined();
        return String(first.content);
      },
      { timeout: 30_000, interval: 25 },
    );
    // What a command comes to where it is allowed depends on the run: done, or there was nothing to do.
    expect(reaction === '-1' ? 'refused' : 'done').toBe(expected);
  });
});

describe('the table', () => {
  test('lets nobody change anything of a repository who may only look, and nobody release who may only write', () => {
    const changing = Object.entries(routeActs).filter(
      ([act]) => act.includes(':repository') && !act.startsWith('GET '),
    );
    expect(changing.length).toBeGreaterThan(7);
    const needed = (act: string) =>
      /models|releases/.test(act) ? 'release' : act.includes('/outbox/') ? 'administer' : 'train';
    for (const [act, { needs }] of changing) expect([act, needs]).toEqual([act, needed(act)]);
    for (const standing of ['read', 'fork', 'public'] as const)
      expect(standings[standing].rights).toEqual(['view']);
    expect(standings.write.rights).not.toContain('release');
    expect(standings.merge.rights).not.toContain('administer');
  });

  test('a route that it does not name keeps the application from starting', () => {
    const hook = guardByMatrix(routeActs, '/-/databricks');
    const route = (method: string, url: string) => ({ method, url, handler() {} }) as unknown as RouteOptions;
    expect(() => hook(route('POST', '/-/databricks/api/v1/repositories/:repository/secrets'))).toThrow(
      'is not in the permission matrix',
    );
    expect(() => hook(route('DELETE', '/-/databricks/api/v1/repositories/:repository/runs'))).toThrow(
      'is not in the permission matrix',
    );
    const known = route('HEAD', '/-/databricks/api/v1/repositories/:repository/runs');
    hook(known);
    expect(known.preHandler).toHaveLength(1);
  });

  test('every route that it names is there', () => {
    const { paths = {} } = backend.app.swagger() as { paths?: Record<string, Record<string, unknown>> };
    const registered = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(
        (method) => `${method.toUpperCase()} ${path.slice(backend.base.length).replace(/\{(\w+)\}/g, ':$1')}`,
      ),
    );
    const named = Object.keys(routeActs).filter((act) => !/^OPTIONS|openapi/.test(act));
    expect(registered.sort()).toEqual(named.sort());
  });

  test('docs/permission-matrix.md is written from it', () => {
    const committed = readFileSync(new URL('../../../docs/permission-matrix.md', import.meta.url), 'utf8');
    expect(committed).toBe(permissionMatrix());
  });

  test('docs/slash-commands.md names every command, and no other', () => {
    const page = readFileSync(new URL('../../../docs/slash-commands.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `\/databricks (\w+)/gm)].map(([, verb]) => verb);
    expect(rows).toEqual(Object.keys(commandActs));
  });
});
