import { afterAll, expect, test } from 'vitest';
import { sqliteView } from '../invariants/store-view.ts';
import { findViolations } from '../invariants/violations.ts';
import { everyFault, noFaults, randomPlan } from '../proxy/plans.ts';
import { randomOf, seedOfThisRun } from '../seed.ts';
import type { Deed } from '../world/story.ts';
import { Story } from '../world/story.ts';
import { World } from '../world/world.ts';

const opened: World[] = [];
afterAll(async () => {
  for (const world of opened) await world.close();
});

/** Mostly pushes, as in life. */
const usual: readonly Deed[] = ['push', 'push', 'push', 'push-twice', 'open', 'push-main', 'command'];
const deeds = 50;

test(`${deeds} deeds while both counterparts fail in every way: nothing is lost, doubled or wrong`, async () => {
  const seed = seedOfThisRun();
  const random = randomOf(seed, 'random faults');
  const world = await World.open();
  opened.push(world);
  const backend = await world.start(await world.replica('one'));
  const view = sqliteView(`${world.folder}/backend.db`);
  const story = await Story.begin(world, view);

  // A request that stalls holds its caller up for half a minute: a few are enough.
  const stalls = everyFault.filter(({ kind }) => kind === 'stall');
  const others = everyFault.filter(({ kind }) => kind !== 'stall');
  const faults = [...others, ...others, ...others, ...stalls];
  let plans = 0;
  const wild = () => {
    // Another one for each deed: the same would begin anew, and give its first faults only.
    plans += 1;
    world.gitea.use(randomPlan({ seed, name: `gitea ${plans}`, share: 0.12, faults }));
    world.databricks.use(randomPlan({ seed, name: `databricks ${plans}`, share: 0.2, faults }));
  };
  const calm = () => {
    world.gitea.use(noFaults);
    world.databricks.use(noFaults);
  };
  for (let count = 1; count <= deeds; count += 1) {
    // A person releases after looking at what is there; what they began goes on among the faults.
    if (count % 10 === 0) {
      const deed = count % 20 === 0 ? 'rollback' : 'merge';
      calm();
      await story.rest();
      await story.finishHalfDone();
      await story.prepare(deed);
      await story.do(deed);
      wild();
    } else {
      wild();
      const deed = usual[Math.floor(random() * usual.length)] as Deed;
      await story.do(deed);
    }
  }
  await world.forge.forge.webhooksSent();
  calm();
  await story.rest(300_000);
  await story.finishHalfDone();
  await story.rest();

  expect(await findViolations(world, view)).toEqual({ lost: [], doubled: [], wrong: [] });
  const faced = { gitea: world.gitea.faults(), databricks: world.databricks.faults() };
  console.log(
    `Faults at Gitea ${JSON.stringify(faced.gitea)}, at Databricks ${JSON.stringify(faced.databricks)}`,
  );
  // Every kind came: the seed decides when, the amount of requests that they come.
  for (const kinds of Object.values(faced)) expect(Object.keys(kinds).length).toBeGreaterThan(5);
  await view.close();
  expect(await backend.stop()).toEqual({ code: 0, signal: null });
});
