/**
 * `npm run bench:recovery -- [KILLS] [TAKE-OVERS]`: how long it takes until all is as it should be after a backend died.
 *
 * A backend alone is killed (SIGKILL) KILLS times, 504 by default, at each of the named moments in turn, and started
 * again. Then one of two backends over a PostgreSQL database, which has all duties, is killed TAKE-OVERS times, 5 by
 * default, in the middle of runs, and the other one takes over by lease. After each what is lost, doubled or wrong on
 * both sides is counted. It never fails for a missed goal: seconds depend on the machine. `FAULTS_SEED` gives the deeds
 * of an earlier run again.
 */
import { availableParallelism, cpus, loadavg } from 'node:os';
import { moments } from '../src/server/duty/moments.ts';
import { percentile } from '../test/faults/figures.ts';
import type { Findings } from '../test/faults/invariants/violations.ts';
import type { TakeOver } from '../test/faults/replicas/take-over.ts';
import { killHolder, pairAtWork } from '../test/faults/replicas/take-over.ts';
import type { Round } from '../test/faults/rounds/campaign.ts';
import { roundsOf, runCampaign } from '../test/faults/rounds/campaign.ts';
import { repeatBy, seedOfThisRun } from '../test/faults/seed.ts';
import { startCluster } from '../test/postgres/cluster.ts';
import { createDatabase } from '../test/postgres/databases.ts';

/** Of one world: later rounds look at everything that earlier ones left, so that a world grows slower with each. */
const perWorld = 2;
const goalMs = { alone: 5_000, byLease: 35_000 };

const wanted = Number(process.argv[2] ?? 504);
const wantedTakeOvers = Number(process.argv[3] ?? 5);
for (const count of [wanted, wantedTakeOvers])
  if (!Number.isInteger(count) || count < 0)
    throw new Error('KILLS and TAKE-OVERS are whole numbers from 0.');
const seed = seedOfThisRun();
const started = performance.now();
const loadBefore = loadavg()[0] ?? 0;

const rounds: Round[] = [];
/** Why a world ended before its plan did. */
const early: string[] = [];
for (let world = 0; rounds.length < wanted && early.length < 10; world += 1) {
  const plan = roundsOf(moments, perWorld).slice(0, wanted - rounds.length);
  const told: string[] = [];
  const tell = (line: string) => void told.push(line);
  const ended = (round: Round) => void rounds.push(round);
  await runCampaign({ seed: seed + world, plan, tell, ended }).catch((error: unknown) => {
    early.push(String(error).split('\n', 1)[0] ?? '');
    console.log(`${told.join('\n')}\n${error}`);
  });
  const minutes = (performance.now() - started) / 60_000;
  console.log(`${minutes.toFixed(1)} min: ${rounds.length} of ${wanted} rounds`);
}

const seconds = (value: number) => `${(value / 1000).toFixed(1)} s`;

function found(of: readonly { findings: Findings }[]): string {
  const count = (kind: keyof Findings) => of.reduce((sum, { findings }) => sum + findings[kind].length, 0);
  return `${count('lost')} lost, ${count('doubled')} doubled, ${count('wrong')} wrong`;
}

/** Median, p95 and most. */
function spread(samples: readonly number[]): string[] {
  return [percentile(samples, 0.5), percentile(samples, 0.95), Math.max(...samples)].map(seconds);
}

function within(of: readonly { doneMs: number }[], goal: number): string {
  return `${of.filter(({ doneMs }) => doneMs <= goal).length} of ${of.length} within the goal of ${goal / 1000} s.`;
}

function row(name: string, of: readonly Round[]): string {
  const [serving = ''] = spread(of.map(({ servingMs }) => servingMs));
  return `| ${[name, of.length, serving, ...spread(of.map(({ doneMs }) => doneMs))].join(' | ')} |`;
}

if (wanted > 0)
  console.log(`
Alone: ${rounds.length} kills: ${found(rounds)}; ${early.length} worlds ended early${early.map((why) => `\n- ${why}`).join('')}

| Killed at | Kills | Serves again, median | All done, median | p95 | Most |
|---|---|---|---|---|---|
${moments
  .flatMap((moment) => {
    const of = rounds.filter((round) => round.moment === moment);
    return of.length === 0 ? [] : [row(`\`${moment}\``, of)];
  })
  .join('\n')}
${row('all', rounds)}

${within(rounds, goalMs.alone)}`);

const takeOvers: TakeOver[] = [];
/** Why the duties were not taken over, or not looked at. */
const failed: string[] = [];
if (wantedTakeOvers > 0) {
  const cluster = await startCluster();
  try {
    for (let count = 1; count <= wantedTakeOvers; count += 1) {
      const pair = await pairAtWork(await createDatabase(cluster.connection));
      await killHolder(pair)
        .then((took) => takeOvers.push(took))
        .catch((error: unknown) => failed.push(String(error).split('\n', 1)[0] ?? ''))
        .finally(() => pair.close());
      console.log(`${count} of ${wantedTakeOvers} take-overs`);
    }
  } finally {
    await cluster.stop();
  }
}

for (const why of failed) console.log(`A take-over failed: ${why}`);
if (takeOvers.length > 0)
  console.log(`
By lease: ${takeOvers.length} kills: ${found(takeOvers)}

| | Median | p95 | Most |
|---|---|---|---|
| Duties taken over | ${spread(takeOvers.map(({ takenMs }) => takenMs)).join(' | ')} |
| All done | ${spread(takeOvers.map(({ doneMs }) => doneMs)).join(' | ')} |

${within(takeOvers, goalMs.byLease)}`);

console.log(`
Machine: ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}, load before ${loadBefore.toFixed(1)}; ${Math.round((performance.now() - started) / 60_000)} minutes. ${repeatBy(seed)}`);
