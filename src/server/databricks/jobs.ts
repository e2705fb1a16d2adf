import type { CallAs, TrainingWorkspace } from '../training/workspace-port.ts';
import type { Call } from './caller.ts';
import { DatabricksError } from './error.ts';
import { jobsBase, partsOf } from './job-pages.ts';
import type { JobsRun } from './job-run.ts';

type JobsPort = Pick<
  TrainingWorkspace,
  'submit' | 'findSubmitted' | 'findStarted' | 'startJob' | 'output' | 'cancel'
>;

/** Starts, finds and ends runs through the Jobs API 2.2; how they stand is read by run-reads.ts. */
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
        `${jobsBase}/runs/list`,
        { query: { ...query, limit: 24, page_token } },
      );
      const found = answer.runs?.find(matches);
      if (found) return String(found.run_id);
      page_token = answer.next_page_token;
    } while (page_token);
    return null;
  }

  /** Names of the parameters that a job declares; others are refused by run-now. */
  async function declaredBy({ act: _, ...reading }: CallAs, id: number): Promise<ReadonlySet<string>> {
    type Job = { settings?: { parameters?: { name: string }[] } };
    const parts = await partsOf<Job>(call, reading, `${jobsBase}/get`, { job_id: id });
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
      const answer = await call<{ run_id: number }>(as, 'POST', `${jobsBase}/runs/submit`, { body });
      return String(answer.run_id);
    },

    async findSubmitted(as, token, since) {
      const query = { run_type: 'SUBMIT_RUN', start_time_from: since };
      return await find(as, query, (run) => run.run_name?.endsWith(` ${token}`) ?? false);
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
      const answer = await call<{ run_id: number }>(as, 'POST', `${jobsBase}/run-now`, {
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
      const answer = await call<{ run_id: number }>(as, 'POST', `${jobsBase}/run-now`, {
        body,
        idempotent: true,
      });
      return String(answer.run_id);
    },

    async output(as, taskRunId) {
      const answer = await call<{
        error?: string;
        error_trace?: string;
        logs?: string;
        logs_truncated?: boolean;
      }>(as, 'GET', `${jobsBase}/runs/get-output`, { query: { run_id: taskRunId } });
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
        await call(as, 'POST', `${jobsBase}/runs/cancel`, { body, idempotent: true });
      } catch (error) {
        if (!(error instanceof DatabricksError && error.missing)) throw error;
      }
    },
  };
}
