import type { Clock } from '../duty/clock.ts';
import { currentLease } from '../duty/lease.ts';
import type { CallAs, RemoteRun, TrainingWorkspace } from '../training/workspace-port.ts';
import type { Call } from './caller.ts';
import { DatabricksError } from './error.ts';
import { createGather } from './gather.ts';
import { jobsBase, partsOf } from './job-pages.ts';
import type { JobsRun } from './job-run.ts';
import { toRemoteRun } from './job-run.ts';

/** Runs of one page of `runs/list`, the most that the API gives with tasks. */
const pageSize = 24;
/** Pages of active runs that are looked through: where ours are beyond, others crowd the workspace. */
const mostPages = 5;
/** How long a read waits for others (ms): what is due at one moment is asked within it. */
const windowMs = 10;

/** Runs whose whole state an item of the list tells: still under way, and with all of their tasks. */
function tellsAll(run: JobsRun): boolean {
  return run.has_more !== true && toRemoteRun(run).phase !== 'ended';
}

/**
 * How runs stand. Reads of one moment by the same principal are one request: the list of active runs. What it does not
 * tell in full is read by itself: runs that have ended, whose result counts, and those of more than a hundred tasks.
 */
export function createRunReads(call: Call, clock: Clock): Pick<TrainingWorkspace, 'run'> {
  async function read(as: CallAs, id: string): Promise<RemoteRun | null> {
    try {
      const parts = await partsOf<JobsRun>(call, as, `${jobsBase}/runs/get`, { run_id: id });
      return toRemoteRun({ ...parts[0], tasks: parts.flatMap(({ tasks }) => tasks ?? []) });
    } catch (error) {
      if (error instanceof DatabricksError && error.missing) return null;
      throw error;
    }
  }

  /** Those of the ids that the list of active runs tells all about. Empty where this principal may not list. */
  async function active(as: CallAs, ids: readonly string[]): Promise<Map<string, RemoteRun>> {
    const found = new Map<string, RemoteRun>();
    let seen = 0;
    let page_token: string | undefined;
    for (let page = 0; page < mostPages && ids.length - seen > 1; page += 1) {
      const query = { active_only: true, expand_tasks: true, limit: pageSize, page_token };
      const answer = await call<{ runs?: JobsRun[]; next_page_token?: string }>(
        as,
        'GET',
        `${jobsBase}/runs/list`,
        { query },
      );
      for (const run of answer.runs ?? []) {
        if (!ids.includes(String(run.run_id))) continue;
        seen += 1;
        if (tellsAll(run)) found.set(String(run.run_id), toRemoteRun(run));
      }
      page_token = answer.next_page_token;
      if (!page_token) break;
    }
    return found;
  }

  const gathered = createGather<CallAs, RemoteRun | null>({
    clock,
    windowMs,
    groupOf: ({ repository, role }) =>
      // What one duty asks for is not another's, nor a person's: each goes under its own lease and priority.
      JSON.stringify([
        repository.workspace.name,
        role,
        role === 'reader' ? repository.workspace.reader : repository.binding.principals[role],
        currentLease()?.name ?? null,
      ]),
    async answer(as, ids, settle) {
      const one = ids.length === 1;
      const known = one ? new Map<string, RemoteRun>() : await active(as, ids).catch(refusedAsNone);
      for (const id of ids) {
        const run = known.get(id);
        settle(id, run ? Promise.resolve(run) : read(as, id));
      }
    },
  });

  return { run: gathered };
}

/** A principal that may not list may still read its runs; what may pass later is everybody's failure. */
function refusedAsNone(error: unknown): Map<string, RemoteRun> {
  if (error instanceof DatabricksError && !error.temporary) return new Map();
  throw error;
}
