import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ParkedList } from '../../../src/contract/outbox.ts';
import { ParkedList as ParkedListSchema } from '../../../src/contract/outbox.ts';
import type { OutboxMessage } from '../../../src/server/outbox/ports.ts';
import type { Browser } from '../backend-with-forge.ts';
import { makeRepository, request, signedInBrowser } from '../backend-with-forge.ts';
import type { ReportedPull } from '../reported-pull.ts';
import { openReportedPull } from '../reported-pull.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 180_000 });

let scene: ReportedPull;
let ada: Browser;
let wendy: Browser;

beforeAll(async () => {
  scene = await openReportedPull();
  // What is parked here must not go out by itself.
  await scene.rooms.duties.outbox.stop();
  ada = await signedInBrowser(scene.backend, 'ada');
  wendy = await signedInBrowser(scene.backend, 'wendy');
});
afterAll(async () => await scene?.close());

const store = () => scene.backend.transactor.stores.outbox;

/** @returns its id */
async function park(message: OutboxMessage, reason: string): Promise<string> {
  const at = scene.backend.now().toISOString();
  await store().enqueue(message);
  const row = (await store().due(at, 200)).find((item) => item.key === message.key)!;
  await store().park(row.id, at, reason);
  return row.id;
}

const statusOf = (sha: string, repository = scene.repository): OutboxMessage => ({
  topic: 'status',
  key: `status:${repository}:${sha}`,
  payload: { repository, sha, state: 'success', description: 'fine', targetUrl: 'http://x' },
});

const address = (below: string) => `api/v1/repositories/${scene.repository}/outbox/${below}`;

async function listed(): Promise<ParkedList['items']> {
  const answer = await request(scene.backend, ada, 'GET', address('parked'));
  expect(answer.statusCode).toBe(200);
  expect(Value.Check(ParkedListSchema, answer.json())).toBe(true);
  return answer.json().items;
}

async function audited(): Promise<Record<string, unknown>[]> {
  const { audit } = scene.backend.transactor.stores;
  const { items } = await audit.list({ repository: scene.repository, before: null, limit: 200 });
  return items.filter(({ action }) => action === 'message.retried') as unknown as Record<string, unknown>[];
}

describe('what could not be delivered', () => {
  test('is shown to administrators of the repository with the reason, newest first', async () => {
    const sha = 'a'.repeat(40);
    const [run] = await scene.runs();
    await park(statusOf(sha), 'token does not have at least one of required scope(s)');
    scene.backend.pass(1_000);
    const payload = { repository: scene.repository, run: run!.id };
    await park({ topic: 'cancel', key: `run:${run!.id}`, payload }, 'User lacks CAN_MANAGE_RUN');
    expect(await listed()).toMatchObject([
      { topic: 'cancel', run: { id: run!.id, number: run!.number }, commit: run!.commit, attempts: 1 },
      { topic: 'status', commit: sha, pull: null, run: null, reason: expect.stringContaining('scope') },
    ]);
    const view = (await request(scene.backend, ada, 'GET', `api/v1/repositories/${scene.repository}`)).json();
    expect(view.permissions.administer).toEqual({ allowed: true });
  });

  test('is not for writers, who are told who can help; the refusal is recorded', async () => {
    for (const [method, below] of [
      ['GET', 'parked'],
      ['POST', `${(await listed())[0]!.id}/retry`],
    ] as const) {
      const answer = await request(scene.backend, wendy, method, address(below));
      expect(answer.json()).toMatchObject({ status: 403, code: 'permission-missing' });
      expect(answer.json().detail).toMatch(/administrators of ml\/wine-quality; you have write access/);
    }
    expect(await listed()).toHaveLength(2);
    expect(await audited()).toEqual([]);
    expect(await scene.audited('permission.refused')).toHaveLength(2);
  });

  test('goes out once more when an administrator says so, and that is recorded', async () => {
    const { id } = (await listed()).find(({ topic }) => topic === 'status')!;
    const answer = await request(scene.backend, ada, 'POST', address(`${id}/retry`));
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ id, topic: 'status' });
    expect((await listed()).map(({ topic }) => topic)).toEqual(['cancel']);
    const due = await store().due(scene.backend.now().toISOString(), 200);
    expect(due.find((item) => item.id === id)).toMatchObject({ attempts: 0 });
    expect(await audited()).toMatchObject([
      {
        actor: { kind: 'person', name: 'ada' },
        subject: 'commit status of aaaaaaaaaa',
        commit: 'a'.repeat(40),
        detail: { message: id, topic: 'status', reason: expect.stringContaining('scope') },
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    ]);
  });

  test('is not found twice: the second click is told that it is on its way', async () => {
    const [message] = await listed();
    const retry = () => request(scene.backend, ada, 'POST', address(`${message!.id}/retry`));
    expect((await retry()).statusCode).toBe(200);
    const again = await retry();
    expect(again.json()).toMatchObject({ status: 404, code: 'not-found' });
    expect(again.json().detail).toContain('on its way');
    expect(await audited()).toHaveLength(2);
  });

  test('a newer message of the same kind takes its place', async () => {
    const sha = 'b'.repeat(40);
    const id = await park(statusOf(sha), 'refused');
    await store().enqueue({ ...statusOf(sha), payload: { ...statusOf(sha).payload, state: 'failure' } });
    expect(await listed()).toEqual([]);
    expect((await request(scene.backend, ada, 'POST', address(`${id}/retry`))).statusCode).toBe(404);
  });

  test('of another repository is neither shown nor sent', async () => {
    const other = await makeRepository(scene.backend, 'wine-other');
    await scene.backend.repositories.discover();
    const id = await park(statusOf('c'.repeat(40), other), 'refused');
    expect(await listed()).toEqual([]);
    expect((await request(scene.backend, ada, 'POST', address(`${id}/retry`))).statusCode).toBe(404);
    expect(await store().parked([other], 10)).toHaveLength(1);
  });

  test('is counted where there is more than is listed, and any of it can be sent once more', async () => {
    const ids: string[] = [];
    for (let number = 0; number < 60; number += 1) {
      scene.backend.pass(1_000);
      ids.push(await park(statusOf(String(number).padStart(40, 'd')), 'refused'));
    }
    const answer = (await request(scene.backend, ada, 'GET', address('parked'))).json() as ParkedList;
    expect(answer.items.map(({ id }) => id)).toEqual(ids.slice(-50).reverse());
    expect(answer.total).toBe(60);
    expect((await request(scene.backend, ada, 'POST', address(`${ids[0]}/retry`))).statusCode).toBe(200);
    expect((await request(scene.backend, ada, 'GET', address('parked'))).json().total).toBe(59);
  });

  test('is not sent by a page of another site', async () => {
    const answer = await request(scene.backend, ada, 'POST', address('x/retry'), {
      headers: { origin: 'https://evil.example.com' },
    });
    expect(answer.json()).toMatchObject({ status: 403, code: 'origin-refused' });
  });
});
