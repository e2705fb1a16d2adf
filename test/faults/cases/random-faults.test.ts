import { afterAll, expect, test } from 'vitest';
import { sqliteView } from '../invariants/store-view.ts';
import { findViolations } from '../invariants/violations.ts';
import type { FaultPlan } from '../proxy/fault.ts';
import { nameOf } from '../proxy/fault.ts';
import { everyFault, explicitPlan, randomPlan } from '../proxy/plans.ts';
import { randomOf, seedOfThisRun } from '../seed.ts';
import type { Deed } from '../world/story.ts';
import { Story } from '../world/story.ts';
import { runStates } from '../world/trainings.ts';
import { World } from '../world/world.ts';

const opened: World[] = [];
afterAll(async () => {
  for (const world of opened) await world.close();
});

/** Mostly pushes, as in life. */
const usual: readonly (readonly Deed[])[] = [
  ['push'],
  ['push'],
  ['push'],
  ['push-twice'],
  ['open'],
  ['push-main'],
  ['command'],
  ['push', 'cancel'],
  ['push', 'cancel', 'retry'],
  ['fail'],
];
const deeds = 50;
/** Deeds after those by chance, until every kind of fault came to both. */
const mostFurther = 20;
const names = [...new Set(everyFault.map(nameOf))].toSorted();

/** One of each kind that has not come yet, some requests apart. */
function leftOut(faced: Readonly<Record<string, number>>): FaultPlan {
  const missing = names.filter((name) => faced[name] === undefined);
  const faults = missing.flatMap((name) => everyFault.find((fault) => nameOf(fault) === name) ?? []);
  return explicitPlan(faults.map((fault, index) => ({ fault, skip: index * 3 })));
}

test(`${deeds} deeds and more while both counterparts fail in every way: nothing is lost, doubled or wrong`, async () => {
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
  const faults = [...others, ...others, ...stalls];
  // Plans for the whole of it, with pauses: begun anew they would give their first faults only.
  const byChance = {
    gitea: randomPlan({ seed, name: 'gitea', share: 0.1, faults }),
    databricks: randomPlan({ seed, name: 'databricks', share: 0.1, faults }),
  };
  let wild = true;
  world.gitea.use((request) => (wild ? byChance.gitea(request) : null));
  world.databricks.use((request) => (wild ? byChance.databricks(request) : null));

  for (let count = 1; count <= deeds; count += 1) {
    // A person releases after looking at what is there; what they began goes on among the faults.
    if (count % 10 === 0) {
      const deed = count % 20 === 0 ? 'rollback' : 'merge';
      wild = false;
      await story.rest(300_000);
      await story.finishHalfDone();
      await story.prepare(deed);
      await story.do(deed);
    } else {
      // Each of them comes, whatever the seed.
      const which = count < usual.length ? count : Math.floor(random() * usual.length);
      for (const deed of usual[which] ?? []) await story.do(deed);
    }
    wild = true;
    // Of pushes without a pause the newest alone is trained.
    if (count % 3 === 0) await story.restAWhile(5_000);
  }
  await world.forge.forge.webhooksSent();
  wild = false;
  await story.rest(300_000);
  await story.finishHalfDone();
  await story.rest();
  // What is asked for among faults may come too late, and is refused; at least these are not.
  for (const deed of ['cancel', 'retry'] as const) {
    await story.prepare(deed);
    await story.do(deed);
    await story.rest();
  }

  // Which kinds came depends on the seed and on how many requests this machine made; the others come now.
  const chance = { gitea: world.gitea.faults(), databricks: world.databricks.faults() };
  world.gitea.use(leftOut(chance.gitea));
  world.databricks.use(leftOut(chance.databricks));
  const all = () => [world.gitea, world.databricks].map((proxy) => Object.keys(proxy.faults()).toSorted());
  let further = 0;
  while (further < mostFurther && !all().every((kinds) => kinds.length === names.length)) {
    further += 1;
    await story.do('push');
    await story.rest(300_000);
  }

  expect(await findViolations(world, view)).toEqual({ lost: [], doubled: [], wrong: [] });
  console.log(
    `${deeds} deeds; faults at Gitea ${JSON.stringify(chance.gitea)}, at Databricks ` +
      `${JSON.stringify(chance.databricks)}; ${further} more until each kind had come; ` +
      `runs ${JSON.stringify(await runStates(view))}`,
  );
  expect(all()).toEqual([names, names]);
  const done = await view.rows<{ line: string }>("select line from commands where outcome = 'done'");
  for (const verb of ['cancel', 'retry'])
    expect(done, verb).toContainEqual({ line: expect.stringContaining(verb) });
  await view.close();
  expect(await backend.stop()).toEqual({ code: 0, signal: null });
});
