import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cluster } from '../../postgres/cluster.ts';
import { startCluster } from '../../postgres/cluster.ts';
import { createDatabase } from '../../postgres/databases.ts';
import { inMs } from '../figures.ts';
import { findViolations } from '../invariants/violations.ts';
import type { ReplicaPair } from '../replicas/replica-pair.ts';
import { killHolder, pairAtWork } from '../replicas/take-over.ts';
import { eventually } from '../world/eventually.ts';
import { openPulls, runStates, settled } from '../world/trainings.ts';

let cluster: Cluster;
const opened: ReplicaPair[] = [];

beforeAll(async () => {
  cluster = await startCluster();
});

afterAll(async () => {
  for (const pair of opened) await pair.close();
  await cluster?.stop();
});

async function openPair(): Promise<ReplicaPair> {
  const pair = await pairAtWork(await createDatabase(cluster.connection));
  opened.push(pair);
  return pair;
}

// Each waits for the end of a lease, some 25 s in which nothing else happens: they wait beside each other.
describe.concurrent('a replica that has all duties', () => {
  test('is killed in the middle of runs: the other one takes over and ends everything', async () => {
    const pair = await openPair();
    const { takenMs, doneMs, findings } = await killHolder(pair);
    expect(findings).toEqual({ lost: [], doubled: [], wrong: [] });
    expect(await runStates(pair.view)).toEqual({ succeeded: 7 });
    console.log(`kill -9: all duties taken over after ${inMs(takenMs)}, all done after ${inMs(doneMs)}`);
  });

  test.each(['outbox.sent', 'run.read'])(
    'stands still at %s past its leases: what it then writes is refused',
    async (moment) => {
      const pair = await openPair();
      const { world, view, first, second } = pair;
      await first.process.arm({ moment, nth: 4, signal: 'SIGSTOP' });
      await openPulls(world, 'ml/wine', 4, { metrics: { rmse: 0.4 }, milliseconds: 1_500 });
      await eventually('a process that stands still', () => stands(first.process.pid));
      const stopped = performance.now();
      await pair.holdsAll(second);
      const taken = performance.now();
      await settled(world, view);
      const done = performance.now();
      const before = await view.rows<object>('select * from runs order by id');
      const outbox = await view.rows<object>('select * from outbox order by id');
      const said = first.process.log(10_000_000).length;

      first.process.signal('SIGCONT');
      await eventually('word that it lost them', () => {
        const log = readFileSync(first.logFile, 'utf8').slice(said);
        return log.includes('"a duty was given up"') && log.includes('LeaseLost');
      });
      expect((await pair.leases()).map(({ holder }) => holder?.name)).toEqual(
        (await pair.leases()).map(() => second.name),
      );
      await settled(world, view);
      expect(await view.rows<object>('select * from runs order by id')).toEqual(before);
      expect(await view.rows<object>('select * from outbox order by id')).toEqual(outbox);
      expect(await findViolations(world, view)).toEqual({ lost: [], doubled: [], wrong: [] });
      expect(await runStates(view)).toEqual({ succeeded: 5 });
      console.log(
        `SIGSTOP at ${moment}: all duties taken over after ${inMs(taken - stopped)}, all done after ${inMs(done - stopped)}`,
      );
    },
  );

  test('stands still inside a transaction: the other one writes within seconds, and takes over', async () => {
    const pair = await openPair();
    const { world, view, first, second } = pair;
    await first.process.arm({ moment: 'run.changing', nth: 3, signal: 'SIGSTOP' });
    await openPulls(world, 'ml/wine', 4, { metrics: { rmse: 0.4 }, milliseconds: 1_500 });
    await eventually('a process that stands still', () => stands(first.process.pid));
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
    first.process.signal('SIGCONT');
    await eventually('word that it lost them', () =>
      readFileSync(first.logFile, 'utf8').includes('"a duty was given up"'),
    );
    await settled(world, view);
    expect(first.process.running).toBe(true);
    expect(await findViolations(world, view)).toEqual({ lost: [], doubled: [], wrong: [] });
    expect(await runStates(view)).toEqual({ succeeded: 6 });
    console.log(
      `SIGSTOP in a transaction: others write after ${inMs(written - stopped)}, all duties taken over after ${inMs(taken - stopped)}`,
    );
  });
});

/** Whether the process is stopped, by proc(5). */
function stands(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
}
