import type { PostgresConfiguration } from '../../../src/server/config/server-configuration.ts';
import type { Moment } from '../../../src/server/duty/moments.ts';
import type { Findings } from '../invariants/violations.ts';
import { findViolations } from '../invariants/violations.ts';
import { eventually } from '../world/eventually.ts';
import { Story } from '../world/story.ts';
import { beginRepository, openPulls, runStates, settled } from '../world/trainings.ts';
import { ReplicaPair } from './replica-pair.ts';

/** What came after the kill of the one that had all duties; times since then in milliseconds. */
export interface TakeOver {
  /** Until the other one had them all. */
  takenMs: number;
  /** Until everything that was begun was done. */
  doneMs: number;
  findings: Findings;
}

/** Two replicas of which the first has all duties and one run has ended. @param configuration of the repository */
export async function pairAtWork(
  database: PostgresConfiguration,
  configuration?: string,
): Promise<ReplicaPair> {
  const begin = (pair: ReplicaPair) => beginRepository(pair.world, 'ml/wine', configuration);
  return (await openPair(database, begin)).pair;
}

/** The same with a version in production and a trained pull request. */
export async function pairWithProduction(
  database: PostgresConfiguration,
): Promise<{ pair: ReplicaPair; story: Story }> {
  const { pair, begun } = await openPair(database, ({ world, view }) => Story.begin(world, view));
  return { pair, story: begun };
}

async function openPair<Begun>(
  database: PostgresConfiguration,
  begin: (pair: ReplicaPair) => Promise<Begun>,
): Promise<{ pair: ReplicaPair; begun: Begun }> {
  const pair = await ReplicaPair.open(database);
  try {
    const begun = await begin(pair);
    await settled(pair.world, pair.view);
    await pair.holdsAll(pair.first);
    return { pair, begun };
  } catch (error) {
    await pair.close();
    throw error;
  }
}

/**
 * Kills the first one (SIGKILL) while six runs go on, and waits for the second one.
 *
 * @param at the moment, and which time that it is reached; without it some runs are running
 */
export async function killHolder(pair: ReplicaPair, at?: { moment: Moment; nth: number }): Promise<TakeOver> {
  const { world, view, first, second } = pair;
  if (at) await first.process.arm({ ...at, signal: 'SIGKILL' });
  await openPulls(world, 'ml/wine', 6, { metrics: { rmse: 0.4 }, milliseconds: 1_500 });
  if (at) {
    await eventually(`the end at ${at.moment}`, () => !first.process.running);
  } else {
    await eventually('running runs', async () => ((await runStates(view)).running ?? 0) >= 2);
    await first.process.kill();
  }
  const killed = performance.now();
  await pair.holdsAll(second);
  const takenMs = performance.now() - killed;
  await settled(world, view);
  const doneMs = performance.now() - killed;
  return { takenMs, doneMs, findings: await findViolations(world, view) };
}
