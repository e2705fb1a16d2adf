import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ChangeEvent } from '../../../src/contract/event.ts';
import { createLocalBus } from '../../../src/server/duty/bus.ts';
import { EventHub } from '../../../src/server/events/hub.ts';
import { eventStream } from '../../../src/server/events/stream.ts';
import type { TestBackend } from '../backend-with-forge.ts';
import {
  cookieHeader,
  makeRepository,
  request,
  signedInBrowser,
  startBackendWithForge,
} from '../backend-with-forge.ts';

const fail = (error: unknown) => {
  throw error;
};

let backend: TestBackend;
let id: number;
let origin: string;

beforeAll(async () => {
  backend = await startBackendWithForge({
    streamTimes: { heartbeatMs: 50, recheckMs: 100, bufferLimit: 65_536 },
  });
  id = await makeRepository(backend);
  await backend.repositories.discover();
  await backend.app.listen({ port: 0, host: '127.0.0.1' });
  origin = `http://127.0.0.1:${(backend.app.server.address() as AddressInfo).port}`;
});

afterAll(() => backend.close());

/** Reads a stream as it comes; `text` grows, `ended` resolves at its end. */
async function open(user: string, repositories: string, lastId?: string) {
  const browser = await signedInBrowser(backend, user);
  const abort = new AbortController();
  const response = await fetch(`${origin}/-/databricks/api/v1/events?repositories=${repositories}`, {
    headers: { cookie: cookieHeader(browser.backend), ...(lastId && { 'last-event-id': lastId }) },
    signal: abort.signal,
  });
  const reader = { text: '', ended: Promise.resolve() };
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) reader.text += decoder.decode(chunk as Uint8Array);
  };
  reader.ended = read().catch(() => {});
  return { browser, response, reader, close: () => abort.abort() };
}

function eventsIn(text: string): ChangeEvent[] {
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? ''));
}

const change = (repository: number, run: string) =>
  backend.hub.announce({ repository, kind: 'run', id: run, pulls: [5] });

test('a viewer hears of the repositories that may be seen, and of no others', async () => {
  const { response, reader, close } = await open('rita', `${id},4711`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  expect(response.headers.get('cache-control')).toBe('no-store');
  change(4711, 'foreign');
  change(id, 'run-1');
  change(id, 'run-2');
  await vi.waitFor(() => expect(eventsIn(reader.text)).toHaveLength(2), 5_000);
  const [first, second] = eventsIn(reader.text);
  expect(first).toMatchObject({ repository: id, kind: 'run', id: 'run-1', pulls: [5] });
  expect(second!.version).toBeGreaterThan(first!.version);
  await vi.waitFor(() => expect(reader.text).toContain(': still here'), 5_000);
  close();
  await reader.ended;
});

test('who comes back hears what came meanwhile; who comes back too late, or from elsewhere, is told to look', async () => {
  const first = await open('rita', String(id));
  change(id, 'run-3');
  await vi.waitFor(() => expect(eventsIn(first.reader.text)).toHaveLength(1), 5_000);
  first.close();
  change(id, 'run-4');
  change(4711, 'foreign');
  change(id, 'run-5');
  const [, lastId] = /^id: (.*)$/m.exec(first.reader.text)!;
  const again = await open('rita', String(id), lastId);
  await vi.waitFor(() => expect(eventsIn(again.reader.text)).toHaveLength(2), 5_000);
  expect(eventsIn(again.reader.text).map((event) => event.id)).toEqual(['run-4', 'run-5']);
  expect(again.reader.text).not.toContain('event: missed');
  again.close();
  const elsewhere = await open('rita', String(id), '00000000-17');
  await vi.waitFor(() => expect(elsewhere.reader.text).toContain('event: missed'), 5_000);
  elsewhere.close();
});

test('every stream ends when the backend stops, so that viewers go elsewhere', async () => {
  const { reader } = await open('rita', String(id));
  backend.hub.end();
  await reader.ended;
});

test('a stream ends when the right to see is withdrawn', async () => {
  const { reader } = await open('wendy', String(id));
  await backend.forge.api('ada', 'DELETE', '/repos/ml/wine-quality/collaborators/wendy');
  backend.pass(10_000);
  await reader.ended;
  change(id, 'too-late');
  expect(reader.text).not.toContain('too-late');
});

test('a stream ends with its session', async () => {
  const { browser, reader } = await open('rita', String(id));
  await request(backend, browser, 'DELETE', 'api/v1/session');
  await reader.ended;
  expect((await request(backend, browser, 'GET', `api/v1/events?repositories=${id}`)).statusCode).toBe(401);
});

test('a stream of nothing visible, or of a wrong list, is refused', async () => {
  const oscar = await signedInBrowser(backend, 'oscar');
  expect((await request(backend, oscar, 'GET', `api/v1/events?repositories=${id}`)).statusCode).toBe(404);
  for (const list of ['', '0', '1,', '1;2', 'a', Array(51).fill(1).join(',')]) {
    expect((await request(backend, oscar, 'GET', `api/v1/events?repositories=${list}`)).statusCode).toBe(400);
  }
});

test('a reader who does not read is cut off', () => {
  const hub = new EventHub(createLocalBus(fail), fail);
  const stream = eventStream(hub, [1], async () => true, {
    heartbeatMs: 60_000,
    recheckMs: 60_000,
    bufferLimit: 2_000,
  });
  for (let i = 0; i < 100 && !stream.destroyed; i++)
    hub.announce({ repository: 1, kind: 'run', id: `${i}`, pulls: [] });
  expect(stream.destroyed).toBe(true);
  expect(stream.readableLength).toBeLessThanOrEqual(2_000);
});

test('who missed more than a stream may hold is told to look at everything, and stays', () => {
  const hub = new EventHub(createLocalBus(vi.fn()), vi.fn());
  const ids: string[] = [];
  hub.listen(1, (change) => ids.push(hub.idOf(change)));
  const change: Omit<ChangeEvent, 'version'> = { repository: 1, kind: 'run', id: 'x'.repeat(26), pulls: [1] };
  for (let count = 0; count < 1_000; count += 1) hub.announce(change);
  const back = eventStream(hub, [1], async () => true, undefined, ids[0]);
  expect(back.destroyed).toBe(false);
  expect(String(back.read())).toContain('event: missed');
  hub.announce(change);
  expect(String(back.read())).toContain(`id: ${ids.at(-1)}`);
  back.destroy();
});

test('a listener that throws does not keep others from hearing', () => {
  const errors: unknown[] = [];
  const heard: string[] = [];
  const note = (error: unknown) => void errors.push(error);
  const hub = new EventHub(createLocalBus(note), note, () => 1_000);
  hub.listen(1, () => {
    throw new Error('broken');
  });
  const stop = hub.listen(1, ({ id: run, version }) => void heard.push(`${run}@${version}`));
  hub.announce({ repository: 1, kind: 'run', id: 'a', pulls: [] });
  hub.announce({ repository: 1, kind: 'run', id: 'b', pulls: [] });
  stop();
  hub.announce({ repository: 1, kind: 'run', id: 'c', pulls: [] });
  expect(errors).toHaveLength(3);
  expect(heard).toEqual(['a@1000', 'b@1001']);
});
