import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signIn } from '../../../src/emulator/gitea/account/sessions.ts';
import type { SmallTeam } from './small-team.ts';
import { startSmallTeam } from './small-team.ts';

let team: SmallTeam;
const repo = '/repos/ml/wine';
beforeAll(async () => {
  team = await startSmallTeam();
});
afterAll(() => team?.close());

describe('who may call the API', () => {
  it('a session cookie is never enough', async () => {
    const session = await signIn(team.forge.context, 'wendy', team.password('wendy'));
    const cookie = session!.setCookie.split(';')[0]!;
    expect((await fetch(`${team.url}api/v1/user`, { headers: { cookie } })).status).toBe(401);
  });

  it('wrong credentials are a 401, not an anonymous call', async () => {
    for (const authorization of ['token nonsense', `Bearer ${'a'.repeat(40)}`, 'Basic d2VuZHk6d3Jvbmc=']) {
      expect((await team.call(authorization, 'GET', '/version')).status).toBe(401);
    }
    expect((await team.call(undefined, 'GET', '/version')).body.version).toMatch(/^1\.26/);
  });

  it('tokens do what their scopes say, and are shown once', async () => {
    const made = await team.api('wendy', 'POST', '/users/wendy/tokens', {
      name: 'bot',
      scopes: ['write:repository', 'write:issue'],
    });
    expect(made.status).toBe(201);
    expect(made.body.sha1).toMatch(/^[0-9a-f]{40}$/);
    const token = `token ${made.body.sha1}`;
    expect((await team.call(token, 'GET', repo)).status).toBe(200);
    const refused = await team.call(token, 'GET', '/user');
    expect(refused.status).toBe(403);
    expect(refused.body.message).toBe(
      'token does not have at least one of required scope(s), required=[read:user], token scope=write:repository,write:issue',
    );
    const listed = (await team.api('wendy', 'GET', '/users/wendy/tokens')).body;
    const bot = listed.find((one: { name: string }) => one.name === 'bot');
    expect(bot).toMatchObject({ name: 'bot', sha1: '', token_last_eight: made.body.sha1.slice(-8) });
    expect((await team.call(token, 'GET', '/users/wendy/tokens')).status).toBe(403);
    await team.api('wendy', 'DELETE', '/users/wendy/tokens/bot');
    expect((await team.call(token, 'GET', repo)).status).toBe(401);
  });

  it('what one cannot read does not exist', async () => {
    expect((await team.api('nick', 'GET', repo)).status).toBe(404);
    expect((await team.api('', 'GET', repo)).status).toBe(404);
    const { body } = await team.api('rita', 'GET', repo);
    expect((await team.api('nick', 'GET', `/repositories/${body.id}`)).status).toBe(404);
    expect((await team.api('rita', 'GET', `/repositories/${body.id}`)).body.full_name).toBe('ml/wine');
  });

  it('topics are set by repository admins only', async () => {
    expect((await team.api('wendy', 'PUT', `${repo}/topics/databricks`)).status).toBe(403);
    expect((await team.api('ada', 'PUT', `${repo}/topics/databricks`)).status).toBe(204);
    expect((await team.api('rita', 'GET', repo)).body.topics).toEqual(['databricks']);
    expect((await team.api('ada', 'PUT', `${repo}/topics/No%20Good`)).status).toBe(422);
  });

  it('a team gives its members access by unit', async () => {
    const made = await team.api('ada', 'POST', '/orgs/ml/teams', {
      name: 'bots',
      includes_all_repositories: true,
      units_map: { 'repo.code': 'write', 'repo.pulls': 'write' },
    });
    expect(made.status).toBe(201);
    expect((await team.api('ada', 'PUT', `/teams/${made.body.id}/members/nick`)).status).toBe(204);
    expect((await team.api('nick', 'GET', repo)).body.permissions).toEqual({
      admin: false,
      push: true,
      pull: true,
    });
    await team.api('ada', 'DELETE', `/teams/${made.body.id}/members/nick`);
    expect((await team.api('nick', 'GET', repo)).status).toBe(404);
    expect((await team.api('wendy', 'PUT', `/teams/${made.body.id}/members/wendy`)).status).toBe(403);
  });
});

describe('bad input', () => {
  it.each([
    ['POST', '/orgs/ml/repos', { name: '../evil' }, 422],
    ['POST', '/orgs/ml/repos', { name: 'wine' }, 409],
    ['POST', '/orgs/ml/repos', { name: 7 }, 422],
    ['POST', '/orgs', { username: 'api' }, 422],
    ['POST', '/admin/users', { username: 'x', email: 'none', password: 'long enough' }, 422],
    ['POST', `${repo}/pulls`, { head: 'absent', base: 'main', title: 'x' }, 404],
    ['POST', `${repo}/pulls`, { head: 'main', base: 'main', title: 'x' }, 422],
    ['POST', `${repo}/hooks`, { type: 'gitea', config: { url: 'not a url', content_type: 'json' } }, 422],
    ['POST', `${repo}/branches`, { new_branch_name: 'a..b' }, 422],
    ['GET', `${repo}/contents/absent.py`, undefined, 404],
    ['GET', `${repo}/contents/README.md?ref=absent`, undefined, 404],
    ['GET', `${repo}/contents/README.md?ref=--help`, undefined, 404],
    ['GET', `${repo}/git/commits/HEAD~1`, undefined, 404],
    ['GET', `${repo}/pulls/x`, undefined, 404],
  ])('%s %s %j → %i', async (method, path, body, status) => {
    const answer = await team.api('ada', method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ message: expect.any(String), url: `${team.url}api/swagger` });
  });

  it('a body that is no JSON is a 422', async () => {
    const response = await fetch(`${team.url}api/v1/orgs`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa(`ada:${team.password('ada')}`)}`,
        'content-type': 'application/json',
      },
      body: '{',
    });
    expect(response.status).toBe(422);
  });
});

describe('reading a repository', () => {
  let sha: string;
  beforeAll(async () => {
    sha = await team.commit('main', {
      'data/train.csv': 'a,b\n1,2\n',
      'data/übung.txt': 'ä',
      'train.py': 'print(1)\n',
      'bin.dat': '\0\x01',
    });
  });

  it('lists folders and reads files', async () => {
    const root = (await team.api('rita', 'GET', `${repo}/contents`)).body;
    expect(root.map((one: { name: string; type: string }) => `${one.type} ${one.name}`)).toEqual([
      'file README.md',
      'file bin.dat',
      'dir data',
      'file train.py',
    ]);
    const folder = (await team.api('rita', 'GET', `${repo}/contents/data`)).body;
    expect(folder.map((one: { path: string }) => one.path)).toEqual(['data/train.csv', 'data/übung.txt']);
    const file = (await team.api('rita', 'GET', `${repo}/contents/data/${encodeURIComponent('übung.txt')}`))
      .body;
    expect(Buffer.from(file.content, 'base64').toString('utf8')).toBe('ä');
  });

  it('raw of an unknown ref falls back to the default branch, as the real one does', async () => {
    const answer = await team.api('rita', 'GET', `${repo}/raw/train.py?ref=absent`);
    expect([answer.status, answer.body]).toEqual([200, 'print(1)\n']);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  });

  it('pages a recursive tree', async () => {
    const first = (await team.api('rita', 'GET', `${repo}/git/trees/${sha}?recursive=true&per_page=2`)).body;
    expect(first).toMatchObject({ truncated: true, page: 1, total_count: 6 });
    const last = (await team.api('rita', 'GET', `${repo}/git/trees/${sha}?recursive=true&per_page=2&page=3`))
      .body;
    expect(last.truncated).toBe(false);
    expect(last.tree.map((one: { path: string }) => one.path)).toEqual(['data/übung.txt', 'train.py']);
    const blob = last.tree.at(-1).sha;
    expect((await team.api('rita', 'GET', `${repo}/git/blobs/${blob}`)).body.size).toBe(9);
  });

  it('archives a commit', async () => {
    const headers = { authorization: `Basic ${btoa(`rita:${team.password('rita')}`)}` };
    for (const [ending, magic] of [
      ['tar.gz', '1f8b'],
      ['zip', '504b'],
    ]) {
      const response = await fetch(`${team.url}api/v1${repo}/archive/${sha}.${ending}`, { headers });
      expect(response.status).toBe(200);
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(bytes.subarray(0, 2).toString('hex')).toBe(magic);
    }
  });

  it('pages commits with their total', async () => {
    await team.commit('main', { 'train.py': 'print(2)\n' });
    const page = await team.api('rita', 'GET', `${repo}/commits?limit=2&page=1&stat=false&files=false`);
    expect(page.body).toHaveLength(2);
    expect(page.headers.get('x-total-count')).toBe('3');
    expect(page.headers.get('link')).toContain('page=2');
    expect(page.headers.get('link')).toContain('rel="next"');
    const touched = await team.api('rita', 'GET', `${repo}/commits?path=data/train.csv`);
    expect(touched.body.map((one: { sha: string }) => one.sha)).toEqual([sha]);
  });

  it('compares', async () => {
    const head = await team.commit('compared', { 'more.py': '1' });
    const { body } = await team.api('rita', 'GET', `${repo}/compare/main...compared`);
    expect(body.total_commits).toBe(1);
    expect(body.commits[0]).toMatchObject({ sha: head, files: [{ filename: 'more.py', status: 'added' }] });
  });
});

describe('webhooks', () => {
  const deliveries = (hookId: number) => team.forge.context.store.deliveries.list({ hookId });

  it('a system webhook hears of every repository; events and branches that were not chosen stay away', async () => {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      bodies.push(String(request.headers['x-gitea-hook-installation-target-type']));
      request.resume().on('end', () => response.writeHead(500).end('no'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
    const config = { url, content_type: 'json', is_system_webhook: 'true' };
    const make = (path: string, body: object) =>
      team.api('ada', 'POST', path, { type: 'gitea', active: true, config, ...body });
    const system = (await make('/admin/hooks', { events: ['push', 'repository'] })).body.id;
    const filtered = (await make(`${repo}/hooks`, { events: ['push'], branch_filter: 'release/*' })).body.id;
    const silent = (await make(`${repo}/hooks`, { events: ['push'], active: false })).body.id;
    await team.commit('hooked', { 'hooked.txt': '1' });
    await team.forge.webhooksSent();
    expect(deliveries(system)).toHaveLength(1);
    expect(deliveries(filtered)).toHaveLength(0);
    expect(deliveries(silent)).toHaveLength(0);
    expect(bodies).toEqual(['system']);
    const [one] = deliveries(system);
    expect(one).toMatchObject({
      isDelivered: true,
      isSucceeded: false,
      responseStatus: 500,
      responseBody: 'no',
    });
    expect(one!.requestHeaders, 'present and without a digest where there is no secret').toMatchObject({
      'X-Gitea-Signature': '',
      'X-Hub-Signature-256': 'sha256=',
    });

    const again = team.forge.context.webhooks.redeliver(one!);
    await team.forge.webhooksSent();
    expect(again.uuid).not.toBe(one!.uuid);
    expect(deliveries(system)[1]).toMatchObject({ body: one!.body, isDelivered: true });
    expect(bodies).toHaveLength(2);
    await team.api('wendy', 'POST', '/user/repos', { name: 'heard' });
    await team.forge.webhooksSent();
    expect(JSON.parse(deliveries(system)[2]!.body)).toMatchObject({
      action: 'created',
      repository: { full_name: 'wendy/heard' },
    });
    await new Promise((resolve) => server.close(resolve));
    expect((await team.api('wendy', 'GET', '/admin/hooks')).status).toBe(403);
    await team.api('ada', 'DELETE', `/admin/hooks/${system}`);
  });

  it('nothing is sent to other machines', async () => {
    const made = await team.api('ada', 'POST', `${repo}/hooks`, {
      type: 'gitea',
      active: true,
      events: ['push'],
      config: { url: 'http://192.0.2.1/hook', content_type: 'json' },
    });
    await team.commit('hooked', { 'hooked.txt': '2' });
    await team.forge.webhooksSent();
    const [one] = deliveries(made.body.id);
    expect(one).toMatchObject({ isDelivered: true, isSucceeded: false, responseStatus: 0 });
    expect(one!.responseBody).toContain('ALLOWED_HOST_LIST');
    await team.api('ada', 'DELETE', `${repo}/hooks/${made.body.id}`);
  });
});

describe('comments', () => {
  it('are written by readers, edited by their author and by writers, and reacted to', async () => {
    await team.commit('talk', { 'talk.txt': '1' });
    const { number } = (
      await team.api('wendy', 'POST', `${repo}/pulls`, { head: 'talk', base: 'main', title: 'Talk' })
    ).body;
    const made = await team.api('rita', 'POST', `${repo}/issues/${number}/comments`, { body: 'Why?' });
    expect(made.status).toBe(201);
    const path = `${repo}/issues/comments/${made.body.id}`;
    expect((await team.api('nick', 'PATCH', path, { body: 'x' })).status).toBe(404);
    expect((await team.api('walt', 'PATCH', path, { body: 'Because.' })).body.body).toBe('Because.');
    const own = await team.api('walt', 'POST', `${repo}/issues/${number}/comments`, { body: 'Mine' });
    expect(
      (await team.api('rita', 'PATCH', `${repo}/issues/comments/${own.body.id}`, { body: 'x' })).status,
    ).toBe(403);
    expect((await team.api('rita', 'POST', `${path}/reactions`, { content: 'rocket' })).status).toBe(201);
    expect((await team.api('rita', 'POST', `${path}/reactions`, { content: 'rocket' })).status).toBe(200);
    expect((await team.api('rita', 'POST', `${path}/reactions`, { content: 'poop' })).status).toBe(403);
    expect((await team.api('rita', 'GET', `${path}/reactions`)).body).toHaveLength(1);
    expect((await team.api('rita', 'DELETE', path)).status).toBe(204);
    expect((await team.api('rita', 'GET', path)).status).toBe(404);
  });

  it('of a repository are listed by the time of their last change, in pages, oldest first', async () => {
    await team.commit('more', { 'more.txt': '1' });
    const { number } = (
      await team.api('wendy', 'POST', `${repo}/pulls`, { head: 'more', base: 'main', title: 'More' })
    ).body;
    const ids: number[] = [];
    for (const body of ['One', 'Two', 'Three']) {
      ids.push((await team.api('rita', 'POST', `${repo}/issues/${number}/comments`, { body })).body.id);
    }
    const list = async (query: string) =>
      (await team.api('rita', 'GET', `${repo}/issues/comments?${query}`)).body
        .map(({ id }: { id: number }) => id)
        .filter((id: number) => ids.includes(id));
    const { store } = team.forge.context;
    for (const [position, id] of ids.entries()) {
      store.comments.update(id, { created: 1_000 + position, updated: 1_000 + position });
    }
    expect(await list('limit=50')).toEqual(ids);
    expect(await list('since=1970-01-01T00:16:41Z')).toEqual(ids.slice(1));
    expect(await list('before=1970-01-01T00:16:41.000Z')).toEqual(ids.slice(0, 2));
    // An edit counts as a change and leaves the order alone.
    store.comments.update(ids[0]!, { updated: 2_000 });
    expect(await list('since=1970-01-01T00:16:42Z')).toEqual([ids[0], ids[2]]);
    const everything = (await team.api('rita', 'GET', `${repo}/issues/comments?limit=50`)).body;
    const page = await team.api('rita', 'GET', `${repo}/issues/comments?limit=2&page=2`);
    expect(page.body.map(({ id }: { id: number }) => id)).toEqual(
      everything.slice(2, 4).map(({ id }: { id: number }) => id),
    );
    expect((await team.api('rita', 'GET', `${repo}/issues/comments?since=now`)).status).toBe(422);
    expect((await team.api('nick', 'GET', `${repo}/issues/comments`)).status).toBe(404);
  });
});

describe('a restart', () => {
  it('loses nothing, not even a webhook that waited', async () => {
    const before = (await team.api('rita', 'GET', repo)).body;
    const { store } = team.forge.context;
    const server = createServer((_request, response) => response.writeHead(204).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
    const hook = (
      await team.api('ada', 'POST', `${repo}/hooks`, {
        type: 'gitea',
        active: true,
        events: ['push'],
        config: { url, content_type: 'json' },
      })
    ).body.id;
    store.deliveries.insert({
      hookId: hook,
      uuid: crypto.randomUUID(),
      event: 'push',
      eventType: 'push',
      body: '{}',
      requestHeaders: {},
      isDelivered: false,
      isSucceeded: false,
      responseStatus: 0,
      responseBody: '',
      created: 1,
      delivered: null,
    });
    await team.restart();
    expect((await team.api('rita', 'GET', repo)).body).toEqual(before);
    await team.forge.webhooksSent();
    const [sent] = team.forge.context.store.deliveries.list({ hookId: hook });
    expect(sent).toMatchObject({ isDelivered: true, isSucceeded: true, responseStatus: 204 });
    await new Promise((resolve) => server.close(resolve));
  });
});
