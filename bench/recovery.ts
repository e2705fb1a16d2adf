/**
 * `npm run bench:recovery -- [ROUNDS]`: the backend's process is killed (SIGKILL) so many times, 504 by default, at each
 * of the named moments in turn, and started again; after each round what is lost, doubled or wrong on both sides is
 * counted. Prints how long it took until the next process served, and until all that was begun was done. It never fails
 * for a missed goal: seconds depend on the machine. `FAULTS_SEED` gives the deeds of an earlier run again.
 */
import { availableParallelism, cpus, loadavg } from 'node:os';
import { moments } from '../src/server/duty/moments.ts';
import { percentile } from '../test/faults/figures.ts';
import type { Round } from '../test/faults/rounds/campaign.ts';
import { roundsOf, runCampaign } from '../test/faults/rounds/campaign.ts';
import { repeatBy, seedOfThisRun } from '../test/faults/seed.ts';

/** Of one world: later rounds look at everything that earlier ones left, so that a world grows slower with each. */
const perWorld = 2;
const goalMs = 5_000;

const wanted = Number(process.argv[2] ?? 504);
if (!Number.isInteger(wanted) || wanted < 1) throw new Error('ROUNDS must be a whole number above 0.');
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

const found = (kind: 'lost' | 'doubled' | 'wrong') =>
  rounds.reduce((sum, { findings }) => sum + findings[kind].length, 0);
const seconds = (value: number) => `${(value / 1000).toFixed(1)} s`;

function row(name: string, of: readonly Round[]): string {
  const done = of.map(({ doneMs }) => doneMs);
  const cells = [
    String(of.length),
    seconds(
      percentile(
        of.map(({ servingMs }) => servingMs),
        0.5,
      ),
    ),
    seconds(percentile(done, 0.5)),
    seconds(percentile(done, 0.95)),
    seconds(Math.max(...done)),
  ];
  return `| ${name} | ${cells.join(' | ')} |`;
}

console.log(`
${rounds.length} kills: ${found('lost')} lost, ${found('doubled')} doubled, ${found('wrong')} wrong; ${early.length} worlds ended early${early.map((why) => `\n- ${why}`).join('')}

| Killed at | Kills | Serves again, median | All done, median | p95 | Most |
|---|---|---|---|---|---|
${moments
  .flatMap((moment) => {
    const of = rounds.filter((round) => round.moment === moment);
    return of.length === 0 ? [] : [row(`\`${moment}\``, of)];
  })
  .join('\n')}
${row('all', rounds)}

${rounds.filter(({ doneMs }) => doneMs <= goalMs).length} of ${rounds.length} within the goal of ${goalMs / 1000} s.
Machine: ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}, load before ${loadBefore.toFixed(1)}; ${Math.round((performance.now() - started) / 60_000)} minutes. ${repeatBy(seed)}`);
