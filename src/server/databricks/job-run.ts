import type { Task } from '../../contract/run.ts';
import type { RemoteRun } from '../training/workspace-port.ts';

interface State {
  status?: { state: string; termination_details?: { code: string; type: string; message?: string } };
  state?: { life_cycle_state: string; result_state?: string; state_message?: string };
}

/** A run as `runs/get` and `runs/list` tell it (Jobs API 2.2). */
export interface JobsRun extends State {
  run_id: number;
  run_name?: string;
  job_parameters?: { name: string; value?: string }[];
  run_page_url?: string;
  start_time?: number;
  end_time?: number;
  /** Of a list: there are more tasks than it shows. */
  has_more?: boolean;
  tasks?: (State & { run_id: number; task_key: string; start_time?: number; end_time?: number })[];
}

/** Where a run or task stands. `status` counts; the deprecated `state` tells results apart that `status` does not. */
function standing(item: State): { phase: RemoteRun['phase']; result: RemoteRun['result']; skipped: boolean } {
  const current = item.status?.state ?? item.state?.life_cycle_state ?? 'PENDING';
  const ended = ['TERMINATED', 'SKIPPED', 'INTERNAL_ERROR'].includes(current);
  if (!ended) {
    const running = current === 'RUNNING' || current === 'TERMINATING';
    return { phase: running ? 'running' : 'waiting', result: null, skipped: false };
  }
  const code = item.status?.termination_details?.code ?? '';
  const result = item.state?.result_state ?? code;
  const skipped = code === 'SKIPPED' || ['UPSTREAM_FAILED', 'UPSTREAM_CANCELED', 'EXCLUDED'].includes(result);
  if (result === 'SUCCESS' || result === 'SUCCESS_WITH_FAILURES') {
    return { phase: 'ended', result: 'succeeded', skipped };
  }
  if (result === 'TIMEDOUT') return { phase: 'ended', result: 'timed-out', skipped };
  if (result === 'CANCELED' || code === 'USER_CANCELED')
    return { phase: 'ended', result: 'cancelled', skipped };
  return { phase: 'ended', result: 'failed', skipped };
}

/** It becomes a link on Gitea's origin, so nothing but a web address is taken. */
const webAddress = (url: string | undefined) => (url && /^https?:\/\//i.test(url) ? url : null);

const messageOf = (item: State) =>
  item.status?.termination_details?.message || item.state?.state_message || '';

const time = (milliseconds: number | undefined) => (milliseconds ? milliseconds : null);
const iso = (milliseconds: number | undefined) =>
  milliseconds ? new Date(milliseconds).toISOString() : null;

function taskState(item: State): Task['state'] {
  const { phase, result, skipped } = standing(item);
  if (phase !== 'ended') return phase === 'running' ? 'running' : 'pending';
  return skipped ? 'skipped' : (result ?? 'failed');
}

/** In the words of training. */
export function toRemoteRun(run: JobsRun): RemoteRun {
  const { phase, result } = standing(run);
  return {
    id: String(run.run_id),
    url: webAddress(run.run_page_url),
    phase,
    result,
    message: messageOf(run),
    startedAt: time(run.start_time),
    endedAt: time(run.end_time),
    tasks: (run.tasks ?? []).map((task) => ({
      runId: String(task.run_id),
      key: task.task_key,
      state: taskState(task),
      startedAt: iso(task.start_time),
      endedAt: iso(task.end_time),
      message: messageOf(task) || null,
    })),
  };
}
