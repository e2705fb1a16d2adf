import type { World } from '../world/world.ts';
import { shownHeads, untoldHeads } from './heads.ts';
import type { StoreView } from './store-view.ts';
import { readSpeaking } from './store-view.ts';

const final = ['succeeded', 'failed', 'cancelled', 'superseded', 'timed-out'];
const ended = final.map((state) => `'${state}'`).join(', ');

/**
 * What is still to come before the story so far is told to its end: what our store has begun, and what the forge has
 * and nobody has looked at. Nothing of it is wrong yet; it is wrong when it stays.
 */
export async function unfinished(world: World, view: StoreView): Promise<string[]> {
  const left: string[] = [];
  const open = await view.rows<{ what: string; rows: number | string }>(
    `select 'delivery received' as what, count(*) as "rows" from deliveries where state = 'received'
     union all select 'run ' || state, count(*) from runs where state not in (${ended}) group by state
     union all select 'outgoing ' || topic, count(*) from outbox where state = 'pending' group by topic
     union all select 'release running', count(*) from releases where state = 'running'`,
  );
  for (const { what, rows } of open) if (Number(rows) > 0) left.push(`${rows} × ${what}`);

  const { store } = world.forge.forge.context;
  const unsent = store.deliveries.count({ isDelivered: false });
  if (unsent > 0) left.push(`${unsent} × webhook on its way`);
  const answered = new Set(
    (await view.rows<{ comment_id: number }>('select comment_id from commands')).map((row) => row.comment_id),
  );
  for (const comment of store.comments.list({ kind: 'comment' }))
    if (comment.body.startsWith('/databricks') && !answered.has(comment.id))
      left.push(`the command of comment ${comment.id} was not carried out`);
  const runs = await view.rows<{ repository_id: number; commit_sha: string }>(
    `select repository_id, commit_sha from runs where state in (${ended}) and state <> 'superseded'`,
  );
  const trained = new Set(runs.map((run) => `${run.repository_id} ${run.commit_sha}`));
  const decided = new Set(
    (
      await view.rows<{ repository_id: number; pull_index: number }>(
        'select repository_id, pull_index from promotion_decisions',
      )
    ).map((row) => `${row.repository_id} ${row.pull_index}`),
  );
  for (const fullName of world.repositories) {
    const repository = world.forge.repository(fullName);
    for (const pull of store.pulls.list({ repositoryId: repository.id })) {
      if (pull.state === 'open' && !trained.has(`${repository.id} ${pull.headSha}`))
        left.push(`${fullName}#${pull.index}: no run of its head has ended`);
      if (pull.isMerged && !decided.has(`${repository.id} ${pull.index}`))
        left.push(`${fullName}#${pull.index}: its merge was not judged`);
    }
  }
  left.push(...untoldHeads(await readSpeaking(view), await shownHeads(world)));
  return left;
}
