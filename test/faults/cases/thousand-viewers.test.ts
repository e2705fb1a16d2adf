import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, expect, test } from 'vitest';
import type { ChangeEvent } from '../../../src/contract/event.ts';
import type { RunList } from '../../../src/contract/run.ts';
import { reader } from '../clocked/reader.ts';
import { roomsHere } from '../clocked/rooms-here.ts';
import { inMs } from '../figures.ts';
import { sqliteView } from '../invariants/store-view.ts';
import { eventually } from '../world/eventually.ts';
import { Story } from '../world/story.ts';
import { Viewer } from '../world/viewer.ts';
import { World } from '../world/world.ts';

const count = 1_000;
const people = ['ada', 'wendy', 'walt', 'rita'];

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const closers: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

test(`${count} viewers: each hears each change, the workspace is asked as for one, a stop ends all streams`, async () => {
  const world = await World.open();
  closers.push(() => world.close());
  const replica = await world.replica('one');
  const backend = await world.start(replica);
  const view = sqliteView(`${world.folder}/backend.db`);
  const story = await Story.begin(world, view);
  const repository = world.forge.repository('ml/wine').id;
  const cookies = await Promise.all(people.map((name) => world.cookieOf(name)));
  const asks = await Promise.all(people.map((name) => reader(world, name)));
  const watch = (index: number, more: Record<string, string> = {}) =>
    new Viewer(replica.origin, `/-/databricks/api/v1/events?repositories=${repository}`, {
      cookie: cookies[index % cookies.length] as string,
      ...more,
    });

  const alone = watch(0);
  await alone.opened;
  const forOne = await train(1);
  const viewers = Array.from({ length: count - 1 }, (_, index) => watch(index + 1));
  await Promise.all(viewers.map(({ opened }) => opened));
  const all = [alone, ...viewers];
  expect(all.map(({ status }) => status).filter((status) => status !== 200)).toEqual([]);
  const known = alone.heard.length;
  const forAll = await train(100);
  // The same looks of one watcher, and views that share their answers.
  expect(forAll.databricks).toBeLessThanOrEqual(2 * forOne.databricks);

  await eventually('every change at every viewer', () =>
    all.every((one) => one.heard.at(-1) === alone.heard.at(-1)),
  );
  const changes = alone.heard.slice(known);
  expect(changes.length).toBeGreaterThan(3);
  expect(new Set(alone.heard).size).toBe(alone.heard.length);
  for (const viewer of viewers) expect(viewer.heard).toEqual(changes);
  const moments = all.map(({ heardAt }) => heardAt);
  const spread = Math.max(...moments) - Math.min(...moments);

  // They would not come back in one moment.
  const retries = all.map(({ retryMs }) => retryMs ?? 0);
  expect(Math.min(...retries)).toBeGreaterThanOrEqual(2_000);
  expect(Math.max(...retries)).toBeLessThan(5_000);
  expect(new Set(retries).size).toBeGreaterThan(count / 2);

  // Fifty lose their connection while something happens: they are told what, and all of it.
  const gone = viewers.splice(0, 50);
  for (const viewer of gone) viewer.leave();
  const last = alone.heard.length;
  await train(0);
  await eventually('the changes', () => viewers.every((one) => one.heard.at(-1) === alone.heard.at(-1)));
  const back = gone.map((viewer, index) => watch(index, { 'last-event-id': viewer.heard.at(-1) as string }));
  const stranger = watch(0, { 'last-event-id': 'ffffffff-1' });
  await Promise.all([...back, stranger].map(({ opened }) => opened));
  const meanwhile = alone.heard.slice(last);
  expect(meanwhile.length).toBeGreaterThan(3);
  await eventually('what they missed', () => back.every(({ heard }) => heard.length >= meanwhile.length));
  for (const viewer of back) {
    expect(viewer.heard).toEqual(meanwhile);
    expect(viewer.missed).toBe(false);
  }
  await eventually('the word that it missed something', () => stranger.missed);
  expect(stranger.heard).toEqual([]);

  const present = [alone, ...viewers, ...back, stranger];
  expect(await backend.stop()).toEqual({ code: 0, signal: null });
  await eventually('the end of the streams', () => present.every(({ ended }) => ended !== null));
  expect(present.filter(({ ended }) => ended !== 'whole')).toEqual([]);
  await view.close();
  console.log(
    [
      `${count} viewers: the last one heard a change ${inMs(spread)} after the first`,
      `requests during a training with one viewer and with ${count}: ${forOne.databricks} and ${forAll.databricks} at Databricks, ${forOne.gitea} and ${forAll.gitea} at Gitea`,
    ].join('\n'),
  );

  /** One training of some seconds; so many viewers look at the run and at the models, three times. */
  async function train(looking: number): Promise<{ databricks: number; gitea: number }> {
    const requests = () => ({ databricks: world.databricks.reached(/./), gitea: world.gitea.reached(/./) });
    const start = requests();
    const plan = { metrics: { rmse: 0.5 }, milliseconds: 3_000, salt: start.databricks };
    const files = { 'plan.json': JSON.stringify(plan) };
    await world.forge.push('ada', 'ml/wine', { branch: 'main', message: 'Train', files });
    await eventually(
      'a run',
      async () => (await view.rows("select id from runs where state = 'running'")).length > 0,
    );
    const ask = asks[0] as (typeof asks)[number];
    const run = (await ask<RunList>(`repositories/${repository}/runs`)).body.items[0]?.id;
    for (let round = 0; round < 3; round += 1) {
      const statuses = await Promise.all(
        Array.from({ length: looking }, async (_, index) => {
          const person = asks[index % asks.length] as (typeof asks)[number];
          const paths = [`repositories/${repository}/runs/${run}`, `repositories/${repository}/models`];
          return await Promise.all(paths.map(async (path) => (await person(path)).status));
        }),
      );
      expect(statuses.flat().filter((status) => status !== 200)).toEqual([]);
    }
    await story.rest();
    const end = requests();
    return { databricks: end.databricks - start.databricks, gitea: end.gitea - start.gitea };
  }
});

test('a reader who does not read is cut off at the cap of its buffer; nobody else is held up', async () => {
  const world = await World.open();
  closers.push(() => world.close());
  const here = await roomsHere(world);
  closers.push(() => here.close());
  await world.forge.push('ada', 'ml/wine', {
    branch: 'main',
    message: 'Begin',
    files: { 'README.md': 'Wine\n' },
  });
  const repository = world.forge.repository('ml/wine').id;
  const cookie = await world.cookieOf('ada');
  const watch = () =>
    new Viewer(here.origin, `/-/databricks/api/v1/events?repositories=${repository}`, { cookie });
  const before = memory();
  const many = Array.from({ length: 500 }, watch);
  await Promise.all(many.map(({ opened }) => opened));
  const each = (memory() - before) / many.length;
  for (const viewer of many.splice(0)) viewer.leave();
  await eventually('the end of their streams', async () => (await here.connections()) === 0);

  const readers = Array.from({ length: 20 }, watch);
  const slow = Array.from({ length: 3 }, watch);
  await Promise.all([...readers, ...slow].map(({ opened }) => opened));
  for (const viewer of slow) viewer.pause();
  const change: Omit<ChangeEvent, 'version'> = { repository, kind: 'run', id: 'r'.repeat(600), pulls: [] };
  let told = 0;
  // What fits into the system's buffers on the way is not ours to bound: megabytes, on loopback.
  while ((await here.connections()) > readers.length) {
    expect(told, 'changes that fit on the way to who does not read').toBeLessThan(100_000);
    for (let few = 0; few < 50; few += 1, told += 1) here.hub.announce(change);
    await eventually('the changes', () => readers.every(({ heard }) => heard.length === told), {
      everyMs: 1,
    });
  }
  expect(readers.filter(({ ended }) => ended !== null)).toEqual([]);
  for (const viewer of slow) viewer.resume();
  await eventually('the end of the slow', () => slow.every(({ ended }) => ended !== null));
  for (const viewer of slow) {
    expect(viewer.ended).toBe('cut');
    expect(viewer.heard.length).toBeLessThan(told);
    // What came, came in order and without a gap.
    expect(viewer.heard).toEqual(readers[0]?.heard.slice(0, viewer.heard.length));
  }
  console.log(
    `a viewer: ${Math.round(each / 1_024)} KB, both ends of its connection together; ${told} changes (${Math.round((told * 700) / 1_024)} KB) until the last of the slow was cut off`,
  );
});

/** Bytes on the heap and beside it after a collection. */
function memory(): number {
  collect();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}
