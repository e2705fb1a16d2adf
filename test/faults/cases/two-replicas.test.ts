import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunList, RunSummary } from '../../../src/contract/run.ts';
import { backendPath } from '../../../src/demo/setup/backend-configuration.ts';
import type { Cluster } from '../../postgres/cluster.ts';
import { startCluster } from '../../postgres/cluster.ts';
import { createDatabase } from '../../postgres/databases.ts';
import { inMs } from '../figures.ts';
import { readStore } from '../invariants/store-view.ts';
import { findViolations } from '../invariants/violations.ts';
import { remoteRuns } from '../invariants/workspace-view.ts';
import { ReplicaPair } from '../replicas/replica-pair.ts';
import type { Health } from '../replicas/sides.ts';
import { healthOf } from '../replicas/sides.ts';
import type { Viewer } from '../replicas/viewer.ts';
import { watchRepository } from '../replicas/viewer.ts';
import { randomOf, seedOfThisRun, shuffled } from '../seed.ts';
import { sendDeliveries } from '../world/delivery-sender.ts';
import { eventually } from '../world/eventually.ts';
import { beginRepository, openPulls, runStates, settled } from '../world/trainings.ts';

const repositories = ['ml/wine', 'ml/beer', 'ml/tea'];
const readsOfRuns = /jobs\/runs\/(get|list)/;
const well = { lost: [], doubled: [], wrong: [] };

let cluster: Cluster;
let pair: ReplicaPair;
let cookie: string;
let viewers: { ofFirst: Viewer; ofSecond: Viewer };

beforeAll(async () => {
  // What is committed has to outlive the end of PostgreSQL here.
  cluster = await startCluster({ synchronous_commit: 'on' });
  pair = await ReplicaPair.open(await createDatabase(cluster.connection), { repositories });
  for (const fullName of repositories) await beginRepository(pair.world, fullName);
  await settled(pair.world, pair.view);
  cookie = await pair.world.cookieOf('ada');
  const { id } = pair.world.forge.repository('ml/wine');
  viewers = {
    ofFirst: await watchRepository(pair.first.origin, cookie, id),
    ofSecond: await watchRepository(pair.second.origin, cookie, id),
  };
});

afterAll(async () => {
  viewers?.ofFirst.leave();
  viewers?.ofSecond.leave();
  await pair?.close();
  await cluster?.stop();
});

/** One side's API in the name of somebody who has signed in; not by the front. */
async function apiOf(origin: string) {
  const { world } = pair;
  const headers = { cookie, origin: new URL(world.url).origin };
  return async <T>(path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${origin}${backendPath}api/v1/${path}`, {
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  };
}

test('one watcher for a workspace, whoever looks where; a workspace in which nothing goes on is asked nothing', async () => {
  const { world, view, first, second } = pair;
  await pair.holdsAll(first);
  const before = first.databricks.reached(readsOfRuns);
  await openPulls(world, 'ml/wine', 4, { metrics: { rmse: 0.4 }, milliseconds: 3_000 });
  // Pages at both look at what is there while it goes on.
  const { id } = world.forge.repository('ml/wine');
  const apis = await Promise.all(pair.sides.map(({ origin }) => apiOf(origin)));
  await eventually('running runs', async () => ((await runStates(view)).running ?? 0) >= 4);
  for (const api of apis) {
    const { items } = await api<RunList>(`repositories/${id}/runs`);
    expect(items.filter(({ state }) => state === 'running').length).toBeGreaterThan(0);
  }
  await settled(world, view);
  expect(first.databricks.reached(readsOfRuns)).toBeGreaterThan(before);
  expect(second.databricks.reached(readsOfRuns)).toBe(0);

  const asked = () => pair.sides.reduce((sum, { databricks }) => sum + databricks.reached(/./), 0);
  const idle = asked();
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  expect(asked()).toBe(idle);
});

test('a page at one replica hears of what the other one did', async () => {
  const { world, view, first, second } = pair;
  await pair.holdsAll(first);
  const { id } = world.forge.repository('ml/wine');
  // All that the runs went through happened in the duties, and so at the first one.
  const states = viewers.ofSecond.heard.filter(({ kind }) => kind === 'run');
  expect(new Set(states.map((event) => event.id)).size).toBeGreaterThanOrEqual(4);

  const api = await apiOf(second.origin);
  const { items: runs } = await api<RunList>(`repositories/${id}/runs`);
  // Cancelling writes, and tells, where it is asked for.
  await openPulls(world, 'ml/wine', 1, { metrics: { rmse: 0.4 }, milliseconds: 60_000 });
  const running = await eventually('another running run', async () => {
    const now = await api<RunList>(`repositories/${id}/runs`);
    return now.items.find((run) => run.state === 'running' && !runs.some((old) => old.id === run.id));
  });
  const heard = () => viewers.ofFirst.heard.filter((event) => event.id === running.id).length;
  const before = heard();
  const cancelled = await api<RunSummary>(`repositories/${id}/runs/${running.id}/cancel`, {});
  expect(cancelled.state).toBe('cancelled');
  await eventually('word of it', () => heard() > before);
  await settled(world, view);
});

test('deliveries three times each, over both: one run per key, here and there', async () => {
  const { world, view } = pair;
  const { store } = world.forge.forge.context;
  const known = new Set(store.deliveries.list({}).map(({ id }) => id));
  // Nobody is there when they are made: they come by hand, from all sides at once.
  const names = ['ml/beer', 'ml/tea'];
  const stored = (await readStore(view)).deliveries.length;
  await pair.unheard(async () => {
    for (const fullName of names) await openPulls(world, fullName, 6, { metrics: { rmse: 0.4 } });
    await world.forge.forge.webhooksSent();
  });
  const made = store.deliveries.list({}).filter(({ id }) => !known.has(id));
  expect(made.filter(({ isSucceeded }) => isSucceeded)).toEqual([]);
  const copies = shuffled(
    made.flatMap((delivery) => [delivery, delivery, delivery]),
    randomOf(seedOfThisRun(), 'two replicas'),
  );
  const url = `${world.backendUrl}webhooks/gitea`;
  const sent = await sendDeliveries(url, world.webhookSecret, copies, { connections: 16 });
  expect(sent.refused).toBe(0);
  await settled(world, view);

  const after = await readStore(view);
  const keys = after.deliveries.map(({ content_key }) => content_key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.length).toBeGreaterThan(stored);
  for (const fullName of names) {
    const { id } = world.forge.repository(fullName);
    const heads = store.pulls.list({ repositoryId: id }).map(({ headSha }) => headSha);
    const main = await world.forge.head(fullName, 'main');
    const runs = after.runs.filter((run) => run.repository_id === id).map((run) => run.commit_sha);
    expect(runs.toSorted()).toEqual([...heads, main].toSorted());
  }
  const there = await remoteRuns(world);
  const started = after.runs.filter(({ databricks_run_id }) => databricks_run_id !== null);
  expect(there.map(({ name }) => name.slice(name.lastIndexOf(' ') + 1)).toSorted()).toEqual(
    started.map(({ token }) => token).toSorted(),
  );
  expect(await findViolations(world, view)).toEqual(well);
  console.log(
    `${copies.length} POSTs of ${made.length} deliveries over two replicas: ${JSON.stringify(sent.statuses)}`,
  );
});

test('PostgreSQL goes away and comes back: not ready and alive meanwhile, then all goes on', async () => {
  const { world, view } = pair;
  await openPulls(world, 'ml/wine', 3, { metrics: { rmse: 0.4 }, milliseconds: 2_000 });
  await eventually('running runs', async () => ((await runStates(view)).running ?? 0) > 0);
  await cluster.halt();
  const both = async (): Promise<Health[]> =>
    await Promise.all(pair.sides.map(({ origin }) => healthOf(origin)));
  await eventually('word that they are not ready', async () =>
    (await both()).every(({ ready }) => ready === 503),
  );
  expect(await both()).toEqual([
    { ready: 503, live: 200 },
    { ready: 503, live: 200 },
  ]);
  const before = performance.now();
  await cluster.again();
  await eventually('both ready again', async () => (await both()).every(({ ready }) => ready === 200));
  const ready = performance.now();
  await settled(world, view);
  console.log(
    `PostgreSQL back: both ready after ${inMs(ready - before)}, all done after ${inMs(performance.now() - before)}`,
  );
  for (const { process } of pair.sides) expect(process.running).toBe(true);
  expect(await findViolations(world, view)).toEqual(well);
});

test('the holder is asked to end in the middle of runs: the other one has its duties, and nothing is lost', async () => {
  const { world, view } = pair;
  const holder = (await pair.leases()).find(({ name }) => name === 'outbox')?.holder ?? pair.first;
  const other = pair.other(holder);
  await openPulls(world, 'ml/wine', 3, { metrics: { rmse: 0.4 }, milliseconds: 2_000 });
  await eventually('running runs', async () => ((await runStates(view)).running ?? 0) > 0);
  const asked = performance.now();
  const ending = holder.process.stop();
  const seen: Health[] = [];
  const others: Health[] = [];
  let over = false;
  const looking = (async () => {
    while (!over) {
      const [own, ofOther] = await Promise.all([healthOf(holder.origin), healthOf(other.origin)]);
      seen.push(own);
      others.push(ofOther);
    }
  })();
  expect(await ending).toEqual({ code: 0, signal: null });
  const ended = performance.now();
  await pair.holdsAll(other);
  const taken = performance.now();
  over = true;
  await looking;
  console.log(
    `Asked to end: over after ${inMs(ended - asked)}, the other one has all duties ${inMs(taken - ended)} later`,
  );
  // Once it has said no, or nothing, it never says yes again; and the other one always says yes.
  const words = seen.map(({ ready }) => ready === 200);
  expect(words.lastIndexOf(true)).toBeLessThan(Math.max(1, words.indexOf(false)));
  expect(others.filter(({ ready, live }) => ready !== 200 || live !== 200)).toEqual([]);
  await settled(world, view);
  expect(await findViolations(world, view)).toEqual(well);
  await pair.startAgain(holder);
  expect(await healthOf(holder.origin)).toEqual({ ready: 200, live: 200 });
});
