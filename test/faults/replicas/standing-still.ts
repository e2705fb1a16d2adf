import { readFileSync } from 'node:fs';
import { remoteRuns, served } from '../invariants/workspace-view.ts';
import { eventually } from '../world/eventually.ts';
import { botName } from '../world/world.ts';
import type { ReplicaPair } from './replica-pair.ts';

/** Waits until the first one stands still (SIGSTOP). */
export async function standsStill({ first }: ReplicaPair): Promise<void> {
  await eventually('a process that stands still', () => {
    const stat = readFileSync(`/proc/${first.process.pid}/stat`, 'utf8');
    // proc(5)
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
  });
}

/**
 * Lets the first one go on after the second one has all duties, and waits until it gave them up.
 *
 * @param word what its log has to say beside that
 */
export async function wakeUp({ first }: ReplicaPair, word: string): Promise<void> {
  const said = first.process.log(10_000_000).length;
  first.process.signal('SIGCONT');
  await eventually('word that it lost them', () => {
    const log = readFileSync(first.logFile, 'utf8').slice(said);
    return log.includes('"a duty was given up"') && log.includes(word);
  });
}

/** All that a holder of duties changes: what is stored, what is at Gitea and at Databricks, what the first one sent. */
export async function changedByDuties({ world, view, first }: ReplicaPair): Promise<object> {
  const rows = async (table: string, order = 'id') =>
    await view.rows<object>(`select * from ${table} order by ${order}`);
  const { store } = world.forge.forge.context;
  return {
    runs: await rows('runs'),
    outbox: await rows('outbox'),
    reports: await rows('reports', 'repository_id, pull_index'),
    releases: await rows('releases'),
    releaseSteps: await rows('release_steps', 'release_id, position'),
    statuses: store.statuses.list({}, { order: 'id' }),
    comments: store.comments.list({ authorId: world.forge.user(botName).id }, { order: 'id' }),
    remoteRuns: await remoteRuns(world),
    served: await served(world),
    sent: first.databricks.reached(/^(?!GET )/),
  };
}
