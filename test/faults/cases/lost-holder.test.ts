import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Moment } from '../../../src/server/duty/moments.ts';
import type { Cluster } from '../../postgres/cluster.ts';
import { startCluster } from '../../postgres/cluster.ts';
import { createDatabase } from '../../postgres/databases.ts';
import { inMs } from '../figures.ts';
import { findViolations } from '../invariants/violations.ts';
import { remoteRuns, served } from '../invariants/workspace-view.ts';
import type { ReplicaPair } from '../replicas/replica-pair.ts';
import { changedByDuties, standsStill, wakeUp } from '../replicas/standing-still.ts';
import { killHolder, pairAtWork, pairWithProduction } from '../replicas/take-over.ts';
import { eventually } from '../world/eventually.ts';
import { openPulls, runStates, settled } from '../world/trainings.ts';
import { jobConfiguration } from '../world/world.ts';

let cluster: Cluster;
const opened: ReplicaPair[] = [];

beforeAll(async () => {
  cluster = await startCluster();
});

afterAll(async () => await cluster?.stop());

/** At the end of each group, so that the next one has the machine to itself. */
async function closePairs(): Promise<void> {
  await Promise.all(opened.splice(0).map(async (pair) => await pair.close()));
}

async function openPair(configuration?: string): Promise<ReplicaPair> {
  const pair = await pairAtWork(await createDatabase(cluster.connection), configuration);
  opened.push(pair);
  return pair;
}

const well = { lost: [], doubled: [], wrong: [] };

// Each waits for the end of a lease, some 25 s in which nothing else happens: they wait beside each other.
describe('a replica that has all duties is killed', () => {
  afterAll(closePairs);

  test.concurrent('in the middle of runs: the other one takes over and ends everything', async () => {
    const pair = await openPair();
    const { takenMs, doneMs, findings } = await killHolder(pair);
    expect(findings).toEqual(well);
    expect(await runStates(pair.view)).toEqual({ succeeded: 7 });
    console.log(`kill -9: all duties taken over after ${inMs(takenMs)}, all done after ${inMs(doneMs)}`);
  });

  test.concurrent.each<{ moment: Moment; nth: number; trains: string; configuration?: string }>([
    { moment: 'run.started', nth: 3, trains: 'a script' },
    { moment: 'run.started', nth: 3, trains: 'a job', configuration: jobConfiguration },
    { moment: 'comment.created', nth: 2, trains: 'a script' },
  ])(
    'at $moment, training by $trains: the other one takes over, and does nothing twice',
    async ({ moment, nth, trains, configuration }) => {
      const pair = await openPair(configuration);
      const { takenMs, doneMs, findings } = await killHolder(pair, { moment, nth });
      expect(findings).toEqual(well);
      expect(await runStates(pair.view)).toEqual({ succeeded: 7 });
      expect(await remoteRuns(pair.world)).toHaveLength(7);
      console.log(
        `kill -9 at ${moment} of ${trains}: all duties taken over after ${inMs(takenMs)}, all done after ${inMs(doneMs)}`,
      );
    },
  );
});

describe('a replica that has all duties stands still past its leases', () => {
  afterAll(closePairs);

  test.concurrent.each<Moment>(['outbox.sending', 'outbox.sent', 'run.read'])(
    'at %s: what it then writes and sends is refused',
    async (moment) => {
      const pair = await openPair();
      const { world, view, first, second } = pair;
      await first.process.arm({ moment, nth: 4, signal: 'SIGSTOP' });
      await openPulls(world, 'ml/wine', 4, { metrics: { rmse: 0.4 }, milliseconds: 1_500 });
      await standsStill(pair);
      const stopped = performance.now();
      await pair.holdsAll(second);
      const taken = performance.now();
      await settled(world, view);
      const done = performance.now();
      const before = await changedByDuties(pair);

      await wakeUp(pair, 'LeaseLost');
      expect((await pair.leases()).map(({ holder }) => holder?.name)).toEqual(
        (await pair.leases()).map(() => second.name),
      );
      await settled(world, view);
      expect(await changedByDuties(pair)).toEqual(before);
      expect(await findViolations(world, view)).toEqual(well);
      expect(await runStates(view)).toEqual({ succeeded: 5 });
      console.log(
        `SIGSTOP at ${moment}: all duties taken over after ${inMs(taken - stopped)}, all done after ${inMs(done - stopped)}`,
      );
    },
  );

  test.concurrent('at release.acting: the other one ends it, and what it then moves is refused', async () => {
    const { pair, story } = await pairWithProduction(await createDatabase(cluster.connection));
    opened.push(pair);
    const { world, view, first, second } = pair;
    const { alias: earlier } = await served(world);
    await first.process.arm({ moment: 'release.acting', nth: 1, signal: 'SIGSTOP' });
    await story.do('merge');
    await standsStill(pair);
    // Nothing has acted yet.
    expect(await served(world)).toEqual({ alias: earlier, endpoint: earlier });
    await pair.holdsAll(second);
    await story.rest();
    const { alias: promoted } = await served(world);
    expect(promoted).toBeGreaterThan(earlier as number);
    // What the first one was about to do would now undo what somebody did since.
    await story.do('rollback');
    await story.rest();
    const before = await changedByDuties(pair);
    const { alias, endpoint } = await served(world);
    expect(alias).toBeLessThan(promoted as number);
    expect(endpoint).toBe(alias);

    await wakeUp(pair, '"a release was interrupted; it goes on from here"');
    await story.rest();
    expect(await changedByDuties(pair)).toEqual(before);
    expect(await findViolations(world, view)).toEqual(well);
    expect(await view.rows("select id from releases where kind = 'promotion'")).toHaveLength(2);
  });

  test.concurrent('inside a transaction: the other one writes within seconds, and takes over', async () => {
    const pair = await openPair();
    const { world, view, first, second } = pair;
    await first.process.arm({ moment: 'run.changing', nth: 3, signal: 'SIGSTOP' });
    await openPulls(world, 'ml/wine', 4, { metrics: { rmse: 0.4 }, milliseconds: 1_500 });
    await standsStill(pair);
    const stopped = performance.now();
    await eventually('a front that leaves it out', () => !world.backends.includes(first.origin));
    // Whoever writes waits for the transaction under way: a delivery is stored once PostgreSQL has ended that.
    const deliveries = async () => (await view.rows('select id from deliveries')).length;
    const before = await deliveries();
    await world.forge.push('ada', 'ml/wine', {
      branch: 'main',
      message: 'More',
      files: { 'data/more.csv': 'a' },
    });
    await eventually('another delivery', async () => (await deliveries()) > before);
    const written = performance.now();
    const holders = (await pair.leases()).map(({ holder }) => holder);
    // Not because it took over: the leases had not run out.
    expect(holders).toContain(first);
    await pair.holdsAll(second);
    const taken = performance.now();
    await settled(world, view);
    await wakeUp(pair, '"a duty was given up"');
    await settled(world, view);
    expect(first.process.running).toBe(true);
    expect(await findViolations(world, view)).toEqual(well);
    expect(await runStates(view)).toEqual({ succeeded: 6 });
    console.log(
      `SIGSTOP in a transaction: others write after ${inMs(written - stopped)}, all duties taken over after ${inMs(taken - stopped)}`,
    );
  });
});
