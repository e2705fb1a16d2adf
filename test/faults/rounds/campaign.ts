import { setTimeout as sleep } from 'node:timers/promises';
import type { Moment } from '../../../src/server/duty/moments.ts';
import { sqliteView } from '../invariants/store-view.ts';
import type { Findings } from '../invariants/violations.ts';
import { findViolations } from '../invariants/violations.ts';
import type { BackendProcess } from '../process/backend-process.ts';
import { randomOf } from '../seed.ts';
import type { Deed } from '../world/story.ts';
import { Story } from '../world/story.ts';
import type { Replica } from '../world/world.ts';
import { World } from '../world/world.ts';
import { deedsAt, duringStart, whileTraining } from './deeds-at.ts';

/** One kill and what came after it. */
export interface Round {
  moment: Moment;
  deed: Deed;
  /** Whether what trains is the binding's job. */
  job: boolean;
  /** How often the moment was reached until then. */
  nth: number;
  /** From the start of the next process until it serves, milliseconds. */
  servingMs: number;
  /** From the same start until everything that was begun is done. */
  doneMs: number;
  findings: Findings;
}

export interface CampaignOptions {
  seed: number;
  /** In this order; a moment may come several times. */
  plan: readonly Moment[];
  tell: (line: string) => void;
  /** Told of each round, also of one after which something is wrong. */
  ended?: (round: Round) => void;
}

/** How often each moment of the plan comes, one after the other. */
export const roundsOf = (list: readonly Moment[], rounds: number): Moment[] =>
  Array.from({ length: rounds }, () => list).flat();

/**
 * Kills the backend's process once per round, at its moment, and looks at what the next process makes of it. The
 * process that proves the recovery of one round is killed in the next, so that a round costs one start. At moments of
 * trainings a submission of ours and a run of the binding's job take turns.
 */
export async function runCampaign({ seed, plan, tell, ended }: CampaignOptions): Promise<Round[]> {
  const random = randomOf(seed, 'campaign');
  const world = await World.open({ repositories: [scripts, jobs] });
  const rounds: Round[] = [];
  try {
    const replica = await world.replica('one');
    let backend = await world.start(replica);
    const view = sqliteView(`${world.folder}/backend.db`);
    const ofScripts = await Story.begin(world, view, scripts);
    // What a deed reaches is drawn from what the story's beginning did: it opened and merged pull requests.
    const usual = await backend.counts();
    const perDeed = (moment: Moment) => Math.max(1, Math.round((usual[moment] ?? 0) / beginnings(moment)));
    const ofJobs = await Story.beginWithJob(world, view, jobs);
    for (const moment of plan) {
      const earlier = rounds.filter((round) => round.moment === moment).length;
      const job = whileTraining(moment) && earlier % 2 === 1;
      const story = job ? ofJobs : ofScripts;
      const deed = pick(deedsAt(moment), random);
      const nth = 1 + Math.floor(random() * perDeed(moment));
      await story.prepare(deed);
      const struck = duringStart.has(moment)
        ? await strikeStart(world, replica, story, backend, { moment, deed, nth })
        : await strike(story, backend, { moment, deed, nth });
      const before = performance.now();
      backend = await world.start(replica);
      const servingMs = performance.now() - before;
      await story.rest();
      const doneMs = performance.now() - before;
      const findings = await findViolations(world, view);
      const round: Round = { moment, deed, job, nth: struck, servingMs, doneMs, findings };
      rounds.push(round);
      ended?.(round);
      const bad = findings.lost.length + findings.doubled.length + findings.wrong.length;
      tell(
        `${String(rounds.length).padStart(4)}  ${`${moment} (${struck}) by ${deed}${job ? ', a job' : ''}`.padEnd(52)} serving ${ms(servingMs)}, done ${ms(doneMs)}${bad === 0 ? '' : `  ${JSON.stringify(findings)}`}`,
      );
      if (bad > 0)
        throw new Error(`After ${moment}: ${JSON.stringify(findings, null, 2)}\n${backend.log(3_000)}`);
    }
    await view.close();
    return rounds;
  } finally {
    await world.close();
  }
}

/** Repositories: one trains by a script, the other one by the binding's job. */
const [scripts, jobs] = ['ml/wine', 'ml/cider'];

interface Strike {
  moment: Moment;
  deed: Deed;
  nth: number;
}

/** How many of the beginning's deeds reached a moment: one merge, or a first push and three trainings. */
const beginnings = (moment: Moment) => (/^(release|merge)\./.test(moment) ? 1 : 4);
const ms = (value: number) => `${String(Math.round(value)).padStart(5)} ms`;
const pick = <Item>(list: readonly Item[], random: () => number): Item =>
  list[Math.floor(random() * list.length)] as Item;

/** Lets the process die at the moment. @returns how often the moment was reached for it */
async function strike(story: Story, backend: BackendProcess, { moment, deed, nth }: Strike): Promise<number> {
  for (let wanted = nth; ; wanted = 1) {
    await backend.arm({ moment, nth: wanted, signal: 'SIGKILL' });
    // A person's request dies with the process that should have answered it.
    const done = story.do(deed).catch(async (error: unknown) => {
      // The connection is told of the end before the process's parent is.
      if (!(await Promise.race([backend.ended.then(() => true), sleep(5_000, false)]))) throw error;
    });
    const rested = done.then(() => story.rest());
    const end = await Promise.race([
      backend.ended,
      rested.then(
        () => null,
        () => null,
      ),
    ]);
    await done;
    if (end !== null || !backend.running) {
      await backend.ended;
      return wanted;
    }
    // Reached less often than in the rehearsal: what was going on at the same time took another turn.
    await rested;
    if (!(await disarmed(backend))) return wanted;
    if (wanted === 1) throw new Error(`${deed} does not reach ${moment}.\n${backend.log(6_000)}`);
    await story.prepare(deed);
  }
}

/** @returns false when it died before: what is at rest in the store may be about to reach a moment after its commit */
async function disarmed(backend: BackendProcess): Promise<boolean> {
  try {
    await backend.arm(null);
    return true;
  } catch (error) {
    if (backend.running) throw error;
    return false;
  }
}

/** Lets a process die while it starts: something is to be done that nobody told it of. */
async function strikeStart(
  world: World,
  replica: Replica,
  story: Story,
  backend: BackendProcess,
  { moment, deed, nth }: Strike,
): Promise<number> {
  await story.do(deed);
  await backend.kill();
  await world.startAndDie(replica, { moment, nth, signal: 'SIGKILL' });
  return nth;
}
