import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PullRow, StatusRow } from '../../../src/emulator/gitea/store/rows.ts';
import { sqliteView } from '../invariants/store-view.ts';
import { unfinished } from '../invariants/unfinished.ts';
import { findViolations } from '../invariants/violations.ts';
import { beginRepository, openPulls, settled } from '../world/trainings.ts';
import { botName, World } from '../world/world.ts';

/*
 * The other cases are worth what their judge sees. Here a world that is in order is made into one whose backend forgot to
 * tell: what it should have sent is neither at the forge nor among its own messages, and its store agrees with the forge.
 */
let world: World;
let pull: PullRow;
let statuses: StatusRow[];
const storeFile = () => `${world.folder}/backend.db`;

beforeAll(async () => {
  world = await World.open();
  const backend = await world.start(await world.replica('one'));
  const view = sqliteView(storeFile());
  await beginRepository(world, 'ml/wine');
  await settled(world, view);
  await openPulls(world, 'ml/wine', 1, { metrics: { rmse: 0.4 }, milliseconds: 1_000 });
  await settled(world, view);
  expect(await findViolations(world, view)).toEqual({ lost: [], doubled: [], wrong: [] });
  await view.close();
  // Nobody puts in order what follows.
  await backend.stop();
  pull = world.forge.pull('ml/wine', 1);
  statuses = world.forge.statuses(pull.repositoryId).get(pull.headSha) ?? [];
});

afterAll(async () => {
  await world?.close();
});

test('a pull request whose head stays pending though its run succeeded, with no message about it, is found', async () => {
  expect(statuses.slice(-2).map(({ state }) => state)).toEqual(['pending', 'success']);
  const { store } = world.forge.forge.context;
  const final = statuses.at(-1) as StatusRow;
  store.statuses.remove({ id: final.id });
  const database = new DatabaseSync(storeFile());
  const dropped = database
    .prepare(`delete from outbox where topic = 'status' and key like ? and payload not like '%"pending"%'`)
    .run(`%:${pull.headSha}`);
  database.close();
  expect(dropped.changes).toBe(1);

  const view = sqliteView(storeFile());
  expect(await unfinished(world, view)).toEqual([
    `ml/wine#1: nothing final is said of ${pull.headSha.slice(0, 10)}`,
  ]);
  const { lost, doubled, wrong } = await findViolations(world, view);
  expect([lost, doubled]).toEqual([[], []]);
  expect(wrong).toEqual([
    `${pull.headSha.slice(0, 10)} (ml/wine#1) shows pending for run 2, which is succeeded`,
  ]);
  await view.close();
});

test('a comment that still says that the run trains is found', async () => {
  const [comment] = world.forge.commentsOf(botName, pull);
  const { id, body = '' } = comment ?? { id: 0 };
  const stale = body.replace(/^### .*$/m, '### Training');
  expect(stale).not.toBe(body);
  world.forge.forge.context.store.comments.update(id, { body: stale });
  const view = sqliteView(storeFile());
  const { wrong } = await findViolations(world, view);
  expect(wrong).toContain('the comment in ml/wine#1 still says "### Training"');
  await view.close();
});
