import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { commit, finish } from '../all-rooms.ts';
import type { ReportedPull } from '../reported-pull.ts';
import { imitation, momentsOf, openPull, openReportedPull } from '../reported-pull.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 180_000 });

let scene: ReportedPull;
/** How many answers to writes of comments are still to be lost, after Gitea did what was asked. */
let lost = 0;
const calls: string[] = [];

const lossy: typeof fetch = async (input, init) => {
  const request = new Request(input, init);
  const response = await fetch(request);
  const { pathname } = new URL(request.url);
  calls.push(`${request.method} ${pathname}`);
  if (lost === 0 || request.method === 'GET' || !pathname.includes('/comments')) return response;
  lost -= 1;
  await response.arrayBuffer();
  throw new TypeError('fetch failed: other side closed');
};

beforeAll(async () => {
  scene = await openReportedPull({ botFetch: lossy });
});
afterAll(async () => await scene?.close());

/** A pull request whose training ended; nothing was said about it yet. */
async function trained(branch: string): Promise<number> {
  const { backend, rooms, repository } = scene;
  await commit(backend, branch, 'train.py', `print("${branch}")`);
  const index = await openPull(backend, branch);
  await rooms.training.handle({ kind: 'pull-changed', repositoryId: repository, index });
  await scene.sent();
  const [run] = await scene.runs(index);
  await finish(backend, run!, { rmse: 0.7 });
  return index;
}

const published = async (index: number) =>
  (
    await scene.backend.transactor.stores.audit.list({
      repository: scene.repository,
      before: null,
      limit: 200,
    })
  ).items
    .filter(({ action, pull }) => action === 'report.published' && pull === index)
    .map(({ subject }) => subject);

describe('the comment of a pull request', () => {
  test('is made and recorded once though the answer to making it is lost', async () => {
    const index = await trained('lost-answer');
    lost = 1;
    await scene.report(index);
    expect(lost).toBe(0);
    const [comment, ...others] = await scene.ofBot(index);
    expect(others).toEqual([]);
    expect(comment?.body).toContain('### Trained');
    expect(await published(index)).toEqual([`comment ${comment!.id}`]);
    const remembered = await scene.backend.transactor.stores.reports.find(scene.repository, index);
    expect(remembered?.commentId).toBe(comment!.id);
  });

  test('is edited and recorded once though the answer to editing it is lost', async () => {
    const { repository, index, backend } = scene;
    const [comment] = await scene.ofBot();
    const before = await published(index);
    // What was said before was another text.
    await scene.as('bot', 'PATCH', `/issues/comments/${comment!.id}`, { body: imitation });
    await backend.transactor.stores.reports.remember(repository, index, {
      commentId: comment!.id,
      bodyDigest: 'of the text before',
    });
    lost = 1;
    await scene.report();
    expect(lost).toBe(0);
    expect(await scene.ofBot()).toMatchObject([{ id: comment!.id, body: comment!.body }]);
    expect(await published(index)).toEqual([`comment ${comment!.id}`, ...before]);
  });

  test('is found again among more comments than a page has', async () => {
    const index = await trained('much-talk');
    await scene.report(index);
    const [before] = await scene.ofBot(index);
    for (let number = 0; number < 60; number += 1) {
      await scene.as('wendy', 'POST', `/issues/${index}/comments`, { body: `Thought ${number}` });
    }
    // As after a crash before remembering.
    await scene.backend.transactor.stores.reports.remember(scene.repository, index, {
      commentId: 999_999,
      bodyDigest: '',
    });
    await scene.report(index);
    expect((await scene.ofBot(index)).map(({ id }) => id)).toEqual([before!.id]);
  });

  test('reaches the moment at which it is made and not remembered', async () => {
    const index = await trained('moment');
    expect(await momentsOf(() => scene.report(index))).toContain('comment.created');
    expect(await momentsOf(() => scene.report(index))).not.toContain('comment.created');
  });
});

describe('of two comments of ours', () => {
  test('the remembered one stays, the other is removed, and that is recorded', async () => {
    const [kept] = await scene.ofBot();
    const late = (await scene.as('bot', 'POST', `/issues/${scene.index}/comments`, { body: imitation })).body;
    await scene.report();
    expect((await scene.ofBot()).map(({ id }) => id)).toEqual([kept!.id]);
    expect(await scene.audited('report.published')).toContainEqual(
      expect.objectContaining({ removed: [late.id] }),
    );
  });

  test('the older one stays where neither is remembered', async () => {
    const index = await trained('two-strangers');
    const first = (await scene.as('bot', 'POST', `/issues/${index}/comments`, { body: imitation })).body;
    await scene.as('bot', 'POST', `/issues/${index}/comments`, { body: imitation });
    await scene.report(index);
    expect((await scene.ofBot(index)).map(({ id }) => id)).toEqual([first.id]);
  });

  test('what else the bot’s account wrote is left alone', async () => {
    const [report] = await scene.ofBot();
    const other = (await scene.as('bot', 'POST', `/issues/${scene.index}/comments`, { body: 'Hello' })).body;
    await scene.report();
    expect((await scene.ofBot()).map(({ id }) => id)).toEqual([report!.id, other.id]);
    await scene.as('bot', 'DELETE', `/issues/comments/${other.id}`);
  });
});

test('a comment of somebody else with our marker is never taken for ours, edited or removed', async () => {
  const index = await trained('imitated');
  const theirs = (await scene.as('wendy', 'POST', `/issues/${index}/comments`, { body: imitation })).body;
  await scene.report(index);
  await scene.report(index);
  const all = await scene.comments(index);
  expect(all.find(({ id }) => id === theirs.id)?.body).toBe(imitation);
  expect(await scene.ofBot(index)).toHaveLength(1);
  expect(calls.filter((call) => call.endsWith(`/comments/${theirs.id}`))).toEqual([]);
});
