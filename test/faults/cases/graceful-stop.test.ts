import { request } from 'node:http';
import { afterAll, expect, test } from 'vitest';
import { inMs } from '../figures.ts';
import { sqliteView } from '../invariants/store-view.ts';
import { findViolations } from '../invariants/violations.ts';
import { eventually } from '../world/eventually.ts';
import { Story } from '../world/story.ts';
import { World } from '../world/world.ts';

const opened: World[] = [];
afterAll(async () => {
  for (const world of opened) await world.close();
});

/** Opens a viewer's event stream. @returns what it has seen, and whether it has ended */
async function watch(world: World, origin: string, cookie: string) {
  const id = world.forge.repository('ml/wine').id;
  const stream = { text: '', ended: false };
  await new Promise<void>((resolve, reject) => {
    const asked = request(
      `${origin}/-/databricks/api/v1/events?repositories=${id}`,
      { headers: { cookie, accept: 'text/event-stream' } },
      (response) => {
        if (response.statusCode !== 200) reject(new Error(`the stream was answered ${response.statusCode}`));
        response.on('data', (chunk) => {
          stream.text += chunk;
        });
        response.on('close', () => {
          stream.ended = true;
        });
        resolve();
      },
    );
    asked.on('error', reject);
    asked.end();
  });
  return stream;
}

test('asked to end among uploads, open streams and a slow Databricks, it ends by itself and loses nothing', async () => {
  const world = await World.open();
  opened.push(world);
  const replica = await world.replica('one');
  let backend = await world.start(replica);
  const view = sqliteView(`${world.folder}/backend.db`);
  const story = await Story.begin(world, view);
  const cookie = await world.cookieOf('ada');
  const streams = await Promise.all(Array.from({ length: 5 }, () => watch(world, replica.origin, cookie)));

  // Every file takes its time, and reads of runs are never answered.
  world.databricks.use(({ path }) => {
    if (/import-file|workspace-files|mkdirs/.test(path)) return { kind: 'delay', milliseconds: 1_500 };
    return path.endsWith('/runs/get') ? { kind: 'stall' } : null;
  });
  const uploads = () => world.databricks.reached(/import-file|workspace-files|mkdirs/);
  const before = uploads();
  await story.do('push');
  await story.do('push-main');
  await eventually('an upload', () => uploads() > before);

  const asked = performance.now();
  const ending = backend.stop();
  const readiness: number[] = [];
  // While it can still be asked it says that it is not ready for more.
  await eventually('the end of readiness', async () => {
    const status = await fetch(`${replica.origin}/-/databricks/health/ready`).then(
      (response) => response.status,
      () => 0,
    );
    readiness.push(status);
    return status !== 200;
  });
  expect(await ending).toEqual({ code: 0, signal: null });
  // Nothing was still under way when its time was over.
  expect(backend.log(1_000_000)).not.toContain('left behind');
  console.log(`It ended ${inMs(performance.now() - asked)} after it was asked to.`);
  expect(readiness.at(-1)).toSatisfy((status: number) => status === 503 || status === 0);
  await eventually('the end of the streams', () => streams.every(({ ended }) => ended));

  // What happened while nobody was there is found, too.
  await story.do('push');
  world.databricks.use(() => null);
  backend = await world.start(replica);
  await story.rest();
  expect(await findViolations(world, view)).toEqual({ lost: [], doubled: [], wrong: [] });
  await view.close();
  expect(await backend.stop()).toEqual({ code: 0, signal: null });
});
