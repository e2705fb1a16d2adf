import type { PostgresConfiguration } from '../../../src/server/config/server-configuration.ts';
import type { Findings } from '../invariants/violations.ts';
import { findViolations } from '../invariants/violations.ts';
import { eventually } from '../world/eventually.ts';
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

/** Two replicas of which the first has all duties and one run has ended. */
export async function pairAtWork(database: PostgresConfiguration): Promise<ReplicaPair> {
  const pair = await ReplicaPair.open(database);
  try {
    await beginRepository(pair.world, 'ml/wine');
    await settled(pair.world, pair.view);
    await pair.holdsAll(pair.first);
    return pair;
  } catch (error) {
    await pair.close();
    throw error;
  }
}

/** Kills the first one in the middle of six runs (SIGKILL), and waits for the second one. */
export async function killHolder(pair: ReplicaPair): Promise<TakeOver> {
  const { world, view, first, second } = pair;
  await openPulls(world, 'ml/wine', 6, { metrics: { rmse: 0.4 }, milliseconds: 1_500 });
  await eventually('running runs', async () => ((await runStates(view)).running ?? 0) >= 2);
  const killed = performance.now();
  await first.process.kill();
  await pair.holdsAll(second);
  const takenMs = performance.now() - killed;
  await settled(world, view);
  const doneMs = performance.now() - killed;
  return { takenMs, doneMs, findings: await findViolations(world, view) };
}
