import type { Task } from '../../contract/run.ts';
import type { CallAs, RemoteRun, TrainingWorkspace } from '../training/workspace-port.ts';
import type { Call } from './caller.ts';
import { DatabricksError } from './error.ts';

const base = '/api/2.2/jobs';

/** The most answers that are read for one job or run: 100 tasks each, and a job has at most 1,000. */
const mostPages = 10;

interface State {
  status?: { state: string; termination_details?: { code: string; type: string; message?: string } };
  state?: { life_cycle_state: string; result_state?: string; state_message?: string };
}

interface JobsRun extends State {
  run_id: number;
  run_name?: string;
  job_parameters?: { name: string; value?: string }[];
  run_page_url?: string;
  start_time?: number;
  end_time?: number;
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

function toRemoteRun(run: JobsRun): RemoteRun {
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

type JobsPort = Pick<
  TrainingWorkspace,
  'submit' | 'findSubmitted' | 'findStarted' | 'startJob' | 'run' | 'output' | 'cancel'
>;

/** Runs through the Jobs API 2.2. */
export function createJobs(call: Call): JobsPort {
  /** The newest run that matches, page by page. */
  async function find(
    as: CallAs,
    query: Record<string, string | number>,
    matches: (run: JobsRun) => boolean,
  ): Promise<string | null> {
    let page_token: string | undefined;
    do {
      const answer = await call<{ runs?: JobsRun[]; next_page_token?: string }>(
        as,
        'GET',
        `${base}/runs/list`,
        { query: { ...query, limit: 24, page_token } },
      );
      const found = answer.runs?.find(matches);
      if (found) return String(found.run_id);
      page_token = answer.next_page_token;
    } while (page_token);
    return null;
  }

  /** The answers about one job or run, whose lists come in parts (Jobs 2.2: more than 100 tasks). */
  async function partsOf<Part>(
    as: CallAs,
    path: string,
    query: Record<string, string | number>,
  ): Promise<[Part, ...Part[]]> {
    const get = (page_token?: string) =>
      call<Part & { next_page_token?: string }>(as, 'GET', path, { query: { ...query, page_token } });
    const first = await get();
    const parts: [Part, ...Part[]] = [first];
    let next = first.next_page_token;
    while (next && parts.length < mostPages) {
      const part = await get(next);
      parts.push(part);
      next = part.next_page_token;
    }
    return parts;
  }

  /** Names of the parameters that a job declares; others are refused by run-now. */
  async function declaredBy({ act: _, ...reading }: CallAs, id: number): Promise<ReadonlySet<string>> {
    type Job = { settings?: { parameters?: { name: string }[] } };
    const parts = await partsOf<Job>(reading, `${base}/get`, { job_id: id });
    return new Set(parts.flatMap(({ settings }) => (settings?.parameters ?? []).map(({ name }) => name)));
  }

  return {
    async submit(as, { name, token, timeoutSeconds, pythonFile, parameters, dependencies }) {
      const body = {
        run_name: name,
        idempotency_token: token,
        timeout_seconds: timeoutSeconds,
        queue: { enabled: true },
        environments: [{ environment_key: 'training', spec: { environment_version: '4', dependencies } }],
        tasks: [
          {
            task_key: 'train',
            environment_key: 'training',
            spark_python_task: { python_file: pythonFile, source: 'WORKSPACE', parameters },
          },
        ],
      };
      const answer = await call<{ run_id: number }>(as, 'POST', `${base}/runs/submit`, { body });
      return String(answer.run_id);
    },

    async findSubmitted(as, name, since) {
      const query = { run_type: 'SUBMIT_RUN', start_time_from: since };
      return await find(as, query, (run) => run.run_name === name);
    },

    async findStarted(as, { id, token, nonce }, since) {
      if ((await declaredBy(as, id)).has('nonce')) {
        const query = { job_id: id, start_time_from: since };
        return await find(
          as,
          query,
          (run) =>
            run.job_parameters?.some((given) => given.name === 'nonce' && given.value === nonce) ?? false,
        );
      }
      // Nothing tells its runs apart, but the token does: the same one answers with the run that it started.
      const body = { job_id: id, idempotency_token: token };
      const answer = await call<{ run_id: number }>(as, 'POST', `${base}/run-now`, {
        body,
        idempotent: true,
      });
      return String(answer.run_id);
    },

    async startJob(as, { id, token, parameters, optional }) {
      const declared = await declaredBy(as, id);
      const known = Object.fromEntries(Object.entries(optional).filter(([name]) => declared.has(name)));
      const body = {
        job_id: id,
        idempotency_token: token,
        // What ties the run to the commit wins over parameters that people set.
        job_parameters: { ...parameters, ...known },
        queue: { enabled: true },
      };
      // The token makes repeating safe: the same one gives the same run.
      const answer = await call<{ run_id: number }>(as, 'POST', `${base}/run-now`, {
        body,
        idempotent: true,
      });
      return String(answer.run_id);
    },

    async run(as, id) {
      try {
        const parts = await partsOf<JobsRun>(as, `${base}/runs/get`, { run_id: id });
        return toRemoteRun({ ...parts[0], tasks: parts.flatMap(({ tasks }) => tasks ?? []) });
      } catch (error) {
        if (error instanceof DatabricksError && error.missing) return null;
        throw error;
      }
    },

    async output(as, taskRunId) {
      const answer = await call<{
        error?: string;
        error_trace?: string;
        logs?: string;
        logs_truncated?: boolean;
      }>(as, 'GET', `${base}/runs/get-output`, { query: { run_id: taskRunId } });
      return {
        logs: answer.logs ?? '',
        truncated: answer.logs_truncated ?? false,
        error: answer.error ?? null,
        trace: answer.error_trace ?? null,
      };
    },

    async cancel(as, id) {
      try {
        const body = { run_id: Number(id) };
        await call(as, 'POST', `${base}/runs/cancel`, { body, idempotent: true });
      } catch (error) {
        if (!(error instanceof DatabricksError && error.missing)) throw error;
      }
    },
  };
}
