import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { backendPath } from '../../../src/demo/setup/backend-configuration.ts';
import { inMs } from '../figures.ts';
import type { StoreView } from '../invariants/store-view.ts';
import { readStore, sqliteView } from '../invariants/store-view.ts';
import { findViolations } from '../invariants/violations.ts';
import type { BackendProcess } from '../process/backend-process.ts';
import { canLimit, limitFileSize } from '../process/file-size-limit.ts';
import { healthOf } from '../replicas/sides.ts';
import type { OutgoingDelivery } from '../world/delivery-sender.ts';
import { sendDeliveries } from '../world/delivery-sender.ts';
import { eventually } from '../world/eventually.ts';
import { beginRepository, openPulls, runStates, settled } from '../world/trainings.ts';
import type { Replica } from '../world/world.ts';
import { botName, World } from '../world/world.ts';

const possible = canLimit();
if (!possible)
  console.log('Left out: this system has no prlimit, which takes a running process the room to write.');

let world: World;
let replica: Replica;
let backend: BackendProcess;
let view: StoreView;
let cookie: string;

beforeAll(async () => {
  if (!possible) return;
  world = await World.open();
  replica = await world.replica('one');
  backend = await world.start(replica);
  view = sqliteView(`${world.folder}/backend.db`);
  await beginRepository(world, 'ml/wine');
  await settled(world, view);
  cookie = await world.cookieOf('ada');
});

afterEach(() => {
  if (backend?.running) makeRoom();
});

afterAll(async () => {
  await view?.close();
  await world?.close();
});

const fill = () => limitFileSize(backend.pid, 0);
const makeRoom = () => limitFileSize(backend.pid, null);
const ready = async () => (await healthOf(replica.origin)).ready;

interface Told {
  status: number;
  code?: string;
  retryAfter: string | null;
}

async function told(response: Response): Promise<Told> {
  const { code } = (await response.json()) as { code?: string };
  const retryAfter = response.headers.get('retry-after');
  return { status: response.status, ...(code === undefined ? {} : { code }), retryAfter };
}

/** One delivery, with its signature. */
async function deliver(url: string, { event, eventType, body }: OutgoingDelivery): Promise<Told> {
  const headers = {
    'content-type': 'application/json',
    'x-gitea-delivery': randomUUID(),
    'x-gitea-event': event,
    'x-gitea-event-type': eventType,
    'x-gitea-signature': createHmac('sha256', world.webhookSecret).update(body).digest('hex'),
  };
  return await told(await fetch(url, { method: 'POST', headers, body }));
}

/** A person's POST past the front. */
async function post(path: string, body: unknown): Promise<Told> {
  const response = await fetch(`${replica.origin}${backendPath}api/v1/${path}`, {
    method: 'POST',
    headers: { cookie, origin: new URL(world.url).origin, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return await told(response);
}

/** What the forge made since, which nobody may have heard. */
function madeSince(known: ReadonlySet<number>): OutgoingDelivery[] {
  return world.forge.forge.context.store.deliveries.list({}).filter(({ id }) => !known.has(id));
}

const deliveryIds = () => new Set(world.forge.forge.context.store.deliveries.list({}).map(({ id }) => id));

test.runIf(possible)(
  'a full disk: deliveries and people are told 503 and nothing else, and sent again they are stored once',
  async () => {
    const url = `${replica.origin}${backendPath}webhooks/gitea`;
    const known = deliveryIds();
    const stored = (await readStore(view)).deliveries.length;
    fill();
    await openPulls(world, 'ml/wine', 3, { metrics: { rmse: 0.4 } });
    await world.forge.forge.webhooksSent();
    const made = madeSince(known);
    expect(made.length).toBeGreaterThan(3);
    const refused = await sendDeliveries(url, world.webhookSecret, made, { connections: 4, tries: 2 });
    expect(refused.statuses).toEqual({ 503: 2 * made.length });
    const answered = world.forge.forge.context.store.deliveries.list({}).filter(({ id }) => !known.has(id));
    expect(new Set(answered.map(({ responseStatus }) => responseStatus))).toEqual(new Set([503]));
    const unavailable = { status: 503, code: 'store-unavailable', retryAfter: '5' };
    expect(await deliver(url, made[0] as OutgoingDelivery)).toEqual(unavailable);
    const id = world.forge.repository('ml/wine').id;
    expect(await post(`repositories/${id}/runs`, { branch: 'main' })).toEqual(unavailable);
    await eventually('word that it is not ready', async () => (await ready()) === 503);
    expect((await healthOf(replica.origin)).live).toBe(200);
    expect((await readStore(view)).deliveries).toHaveLength(stored);
    expect(backend.running).toBe(true);

    const before = performance.now();
    makeRoom();
    await eventually('readiness', async () => (await ready()) === 200);
    console.log(`Room again: ready after ${inMs(performance.now() - before)}`);
    const twice = await sendDeliveries(url, world.webhookSecret, [...made, ...made], { connections: 4 });
    expect(twice.refused).toBe(0);
    await settled(world, view);
    const { deliveries } = await readStore(view);
    expect(new Set(deliveries.map(({ content_key }) => content_key)).size).toBe(deliveries.length);
    expect(await runStates(view)).toEqual({ succeeded: 4 });
    expect(await findViolations(world, view)).toEqual({ lost: [], doubled: [], wrong: [] });
  },
);

test.runIf(possible)(
  'the disk fills while runs are watched and messages go out: nothing goes out twice, and all goes on',
  async () => {
    await openPulls(world, 'ml/wine', 4, { metrics: { rmse: 0.4 }, milliseconds: 2_500 });
    await eventually('running runs', async () => ((await runStates(view)).running ?? 0) >= 2);
    const submits = () => world.databricks.reached(/jobs\/runs\/submit/);
    const comments = () => world.gitea.reached(/^POST .*\/issues\/\*\/comments/);
    // Each status on its way is held up so that the disk is full by the time its answer comes.
    world.gitea.use(({ method, path }) =>
      method === 'POST' && path.includes('/statuses/') ? { kind: 'delay', milliseconds: 300 } : null,
    );
    const branch = await openPulls(world, 'ml/wine', 2, { metrics: { rmse: 0.3 }, milliseconds: 500 });
    expect(branch).toHaveLength(2);
    const statuses = () => world.gitea.reached(/^POST .*\/statuses\//);
    const first = statuses();
    await eventually('a status on its way', () => statuses() > first);
    fill();
    // Whoever was on its way arrives; then nobody sends what cannot be recorded again and again.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const then = { statuses: statuses(), comments: comments(), submits: submits() };
    // Longer than the pause after which a message is tried again.
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    const later = { statuses: statuses(), comments: comments(), submits: submits() };
    expect(later).toEqual(then);
    expect(await ready()).toBe(503);
    expect(backend.running).toBe(true);
    world.gitea.use(() => null);
    const before = performance.now();
    makeRoom();
    await settled(world, view);
    console.log(`Room again: all done after ${inMs(performance.now() - before)}`);
    expect(await runStates(view)).toEqual({ succeeded: 10 });
    expect(await findViolations(world, view)).toEqual({ lost: [], doubled: [], wrong: [] });
    const pulls = world.forge.forge.context.store.pulls.list({ state: 'open' });
    expect(pulls.map((pull) => world.forge.commentsOf(botName, pull).length)).toEqual(pulls.map(() => 1));
    expect(await backend.stop()).toEqual({ code: 0, signal: null });
  },
);
