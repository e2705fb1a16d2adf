/** Which scope of a token and which right in the repository each of our calls to Gitea needs, and what less gives. */
import { beforeAll, expect, test } from 'vitest';
import { GiteaError } from '../../src/server/gitea/error.ts';
import { createGiteaComments } from '../../src/server/gitea/gitea-comments.ts';
import { createGiteaForge } from '../../src/server/gitea/gitea-forge.ts';
import { GiteaHttp } from '../../src/server/gitea/gitea-http.ts';
import { createGiteaReportTarget } from '../../src/server/gitea/gitea-report-target.ts';
import { createRepositoryDirectory } from '../../src/server/gitea/repository-directory.ts';
import {
  api,
  call,
  createPerson,
  createRepository,
  createTeam,
  giteaUrl,
  openPull,
  secret,
  tokenOf,
} from './gitea-api.ts';

const repository = { owner: 'roles', name: 'model' };
const path = 'repos/roles/model';
let id: number;
let pull: { number: number; sha: string };
let base: string;
/** By name: who, and what the token may. */
const tokens: Record<string, string> = {};

beforeAll(async () => {
  await api('ada', 'POST', 'orgs', { username: 'roles', visibility: 'private' });
  for (const name of ['writer', 'reader', 'stranger']) await createPerson(name);
  await createTeam('roles', 'writers', { 'repo.code': 'write', 'repo.pulls': 'write' }, 'writer');
  await createTeam('roles', 'readers', { 'repo.code': 'read', 'repo.pulls': 'read' }, 'reader');
  id = await createRepository('roles/model');
  pull = await openPull('writer', 'roles/model', 'candidate');
  base = (await api('ada', 'GET', `${path}/branches/main`)).commit.id;
  await api('ada', 'POST', `${path}/pulls/${pull.number}/reviews`, { event: 'APPROVED', body: 'Fine' });
  for (const [name, who, ...scopes] of [
    ['writer, write:repository', 'writer', 'write:repository'],
    ['writer, read:repository', 'writer', 'read:repository'],
    ['reader, write:repository', 'reader', 'write:repository'],
    ['reader, read:repository', 'reader', 'read:repository'],
    ['reader, write:issue', 'reader', 'write:issue'],
    ['reader, read:issue', 'reader', 'read:issue'],
    ['reader, read:user', 'reader', 'read:user'],
    ['stranger, write:repository', 'stranger', 'write:repository'],
    ['stranger, write:issue', 'stranger', 'write:issue'],
    ['stranger, write:admin', 'stranger', 'write:admin'],
    ['ada, write:repository', 'ada', 'write:repository'],
    ['ada, write:admin', 'ada', 'write:admin'],
  ] as [string, string, ...string[]][]) {
    tokens[name] = await tokenOf(who, ...scopes);
  }
  await createGiteaReportTarget(http('writer, write:repository')).setStatus(repository, pull.sha, {
    state: 'success',
    context: 'ci/test',
    description: 'd',
    targetUrl: giteaUrl,
  });
});

function http(name: string): GiteaHttp {
  const token = tokens[name]!.replace('token ', '');
  return new GiteaHttp({ url: giteaUrl, token, userAgent: 'test' });
}

/** `ok`, `nothing` (null or an empty list: Gitea shows nothing), or the status of the refusal. */
async function outcome(work: Promise<unknown>): Promise<'ok' | 'nothing' | number> {
  try {
    const answer = await work;
    return answer === null || (Array.isArray(answer) && answer.length === 0) ? 'nothing' : 'ok';
  } catch (error) {
    if (error instanceof GiteaError) return error.status;
    throw error;
  }
}

/** Everything that the backend reads with the bot's token, by the function that does it. */
async function readings(name: string): Promise<Record<string, 'ok' | 'nothing' | number>> {
  const forge = createGiteaForge(http(name));
  const listed = async () => {
    for await (const found of createRepositoryDirectory(http(name)).list()) if (found.id === id) return found;
    return null;
  };
  const [entry] = await createGiteaForge(http('writer, read:repository')).files(repository, pull.sha, 100);
  const works: Record<string, () => Promise<unknown>> = {
    repository: () => forge.repository(id),
    'repositories by search': listed,
    branch: () => forge.branch(repository, 'main'),
    commit: () => forge.commit(repository, pull.sha),
    'first parents': () => forge.firstParents(repository, pull.sha, 10),
    'changed paths': () => forge.changedPaths(repository, base, pull.sha),
    pull: () => forge.pull(repository, pull.number),
    'head of a pull': () => forge.pullHead(repository, pull.number),
    'open pulls': () => forge.openPulls(repository),
    'closed pulls': async () => `${(await forge.closedPulls(repository, 50)).length} of them`,
    'status of a commit': () => createGiteaReportTarget(http(name)).status(repository, pull.sha, 'ci/test'),
    'paths of a pull': () => forge.pullPaths(repository, pull.number),
    reviews: () => forge.reviews(repository, pull.number),
    file: () => forge.file(repository, 'candidate.py', pull.sha),
    tree: () => forge.files(repository, pull.sha, 100),
    blob: () => forge.blob(repository, entry!.sha),
  };
  const outcomes: Record<string, 'ok' | 'nothing' | number> = {};
  for (const [what, work] of Object.entries(works)) outcomes[what] = await outcome(work());
  return outcomes;
}

const all = (outcomes: Record<string, unknown>, value: unknown) =>
  Object.fromEntries(Object.keys(outcomes).map((what) => [what, value]));

test('everything that the backend reads needs the right to read and read:repository, no more', async () => {
  const read = await readings('reader, read:repository');
  expect(read).toEqual(all(read, 'ok'));
  expect(Object.keys(read)).toHaveLength(16);
});

test('without read:repository each of these is refused', async () => {
  const read = await readings('reader, write:issue');
  expect(read).toEqual(all(read, 403));
});

test('without the right to read there is nothing, whatever the token says', async () => {
  const read = await readings('stranger, write:repository');
  const refused = Object.entries(read).filter(([, result]) => result !== 'nothing' && result !== 404);
  expect(refused).toEqual([]);
});

test('the archive of a commit needs the same', async () => {
  const archive = (name: string) => call(tokens[name]!, 'GET', `${path}/archive/${pull.sha}.tar.gz`);
  expect((await archive('reader, read:repository')).status).toBe(200);
  expect((await archive('reader, write:issue')).status).toBe(403);
  expect((await archive('stranger, write:repository')).status).toBe(404);
});

test('a commit status needs the right to write and write:repository', async () => {
  const status = {
    state: 'pending',
    context: 'databricks/train',
    description: 'd',
    targetUrl: giteaUrl,
  } as const;
  const set = (name: string) =>
    outcome(
      createGiteaReportTarget(http(name))
        .setStatus(repository, pull.sha, status)
        .then(() => 'set'),
    );
  expect({
    'writer, write:repository': await set('writer, write:repository'),
    'writer, read:repository': await set('writer, read:repository'),
    'reader, write:repository': await set('reader, write:repository'),
    'reader, write:issue': await set('reader, write:issue'),
    'stranger, write:repository': await set('stranger, write:repository'),
  }).toEqual({
    'writer, write:repository': 'ok',
    'writer, read:repository': 403,
    'reader, write:repository': 403,
    'reader, write:issue': 403,
    'stranger, write:repository': 404,
  });
});

test('a comment needs the right to read and write:issue; its author alone needs no more to edit it', async () => {
  const comment = (name: string) =>
    outcome(createGiteaReportTarget(http(name)).createComment(repository, pull.number, 'From the test'));
  expect({
    'reader, write:issue': await comment('reader, write:issue'),
    'reader, read:issue': await comment('reader, read:issue'),
    'writer, write:repository': await comment('writer, write:repository'),
    'stranger, write:issue': await comment('stranger, write:issue'),
  }).toEqual({
    'reader, write:issue': 'ok',
    'reader, read:issue': 403,
    'writer, write:repository': 403,
    'stranger, write:issue': 404,
  });

  const target = createGiteaReportTarget(http('reader, write:issue'));
  const own = await target.createComment(repository, pull.number, 'First');
  await target.editComment(repository, own, 'Second');
  expect(
    await createGiteaReportTarget(http('reader, read:issue')).comments(repository, pull.number),
  ).toContainEqual(expect.objectContaining({ id: own, body: 'Second' }));
  const other = await api('writer', 'POST', `${path}/issues/${pull.number}/comments`, { body: 'Mine' });
  expect(await outcome(target.editComment(repository, other.id, 'Changed'))).toBe(403);
  expect(await outcome(target.deleteComment(repository, other.id))).toBe(403);
  const ids = async () => (await target.comments(repository, pull.number)).map((comment) => comment.id);
  await target.deleteComment(repository, own);
  // One that is gone already is as it should be.
  await target.deleteComment(repository, own);
  expect(await ids()).not.toContain(own);
  expect(await ids()).toContain(other.id);
});

test('comments of the whole repository since a moment need read:issue; edited ones are among them', async () => {
  const comments = (name: string) => createGiteaComments(http(name), async () => 0);
  const since = Date.now() - 60 * 60_000;
  const written = await api('writer', 'POST', `${path}/issues/${pull.number}/comments`, { body: 'Written' });
  const changed = async () => await comments('reader, read:issue').changedSince(repository, since, 100);
  const found = (await changed()).find(({ id: one }) => one === written.id);
  expect(found).toMatchObject({ pull: pull.number, body: 'Written', createdAt: found?.updatedAt });
  // Gitea's times have seconds.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await api('ada', 'PATCH', `${path}/issues/comments/${written.id}`, { body: 'Edited' });
  const edited = (await changed()).find(({ id: one }) => one === written.id);
  expect(edited?.body).toBe('Edited');
  expect(Date.parse(edited!.updatedAt)).toBeGreaterThan(Date.parse(edited!.createdAt));
  expect(await comments('reader, read:issue').changedSince(repository, Date.now() + 3_600_000, 100)).toEqual(
    [],
  );
  expect(await outcome(comments('reader, read:repository').changedSince(repository, since, 100))).toBe(403);
  expect(await outcome(comments('stranger, write:issue').changedSince(repository, since, 100))).toBe(404);
});

test('of two statuses of a context the later one counts, though they are of one second', async () => {
  const target = createGiteaReportTarget(http('writer, write:repository'));
  for (const state of ['pending', 'success', 'failure'] as const) {
    await target.setStatus(repository, base, {
      state,
      context: 'ci/order',
      description: state,
      targetUrl: giteaUrl,
    });
  }
  const shown = await target.status(repository, base, 'ci/order');
  expect(shown).toMatchObject({ state: 'failure', description: 'failure', targetUrl: giteaUrl });
  expect(shown?.creator).toBeGreaterThan(0);
});

test('what shows that something happened in a repository: its pushes, its open pull requests, their comments', async () => {
  const forge = createGiteaForge(http('reader, read:repository'));
  const [open] = await forge.openPulls(repository);
  const { number } = pull;
  const talk = await api('writer', 'POST', `${path}/issues/${number}/comments`, { body: 'One more' });
  const [more] = await forge.openPulls(repository);
  expect(more!.comments).toBe(open!.comments + 1);
  await call(await tokenOf('writer', 'write:issue'), 'DELETE', `${path}/issues/comments/${talk.id}`);
  const [less] = await forge.openPulls(repository);
  expect(less!.comments).toBe(open!.comments);
  const signs = async () => {
    for await (const found of createRepositoryDirectory(http('reader, read:repository')).list())
      if (found.id === id) return found;
    return null;
  };
  expect(await signs()).toMatchObject({ openPulls: 1, updatedAt: expect.stringMatching(/^\d{4}-/) });
});

test('who the bot is, it learns with read:user', async () => {
  expect(await outcome(createGiteaReportTarget(http('reader, read:user')).ownId())).toBe('ok');
  expect(await outcome(createGiteaReportTarget(http('reader, read:repository')).ownId())).toBe(403);
});

test('webhooks and branch protections are for administrators of the repository', async () => {
  const list = async (name: string, what: string) =>
    (await call(tokens[name]!, 'GET', `${path}/${what}`)).status;
  for (const what of ['hooks', 'branch_protections']) {
    expect([what, await list('ada, write:repository', what)]).toEqual([what, 200]);
    expect([what, await list('writer, write:repository', what)]).toEqual([what, 403]);
  }
});

test('the topic that shows the panel is set by administrators of the repository', async () => {
  const put = async (name: string) => (await call(tokens[name]!, 'PUT', `${path}/topics/databricks`)).status;
  expect(await put('writer, write:repository')).toBe(403);
  expect(await put('ada, write:repository')).toBe(204);
});

test('system webhooks are for site administrators with write:admin', async () => {
  const hooks = async (name: string) => (await call(tokens[name]!, 'GET', 'admin/hooks')).status;
  expect({
    'ada, write:admin': await hooks('ada, write:admin'),
    'ada, write:repository': await hooks('ada, write:repository'),
    'stranger, write:admin': await hooks('stranger, write:admin'),
  }).toEqual({ 'ada, write:admin': 200, 'ada, write:repository': 403, 'stranger, write:admin': 403 });
});

test('the bot that the demo makes has all that the backend needs, and no administration', async () => {
  const token = `token ${secret('bot-token')}`;
  expect((await call(token, 'GET', 'user')).body.login).toBe('databricks-bot');
  expect((await call(token, 'GET', 'repos/ml/wine')).body.permissions).toMatchObject({
    push: true,
    admin: false,
  });
  for (const closed of [
    'admin/users',
    'admin/hooks',
    'repos/ml/wine/hooks',
    'repos/ml/wine/branch_protections',
  ]) {
    expect([closed, (await call(token, 'GET', closed)).status]).toEqual([closed, 403]);
  }
});
