import type { RunDetail, TaskOutput } from '../../contract/run.ts';
import type { Clock } from '../duty/clock.ts';
import { pause } from '../duty/clock.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { Run } from './ports.ts';
import { SharedAnswers } from './shared-answers.ts';
import type { CallAs, TrainingWorkspace } from './workspace-port.ts';

/** Characters of a log that are shown: its end, cut at a line. */
const logBound = 64 * 1024;
/** How long what was read serves all viewers (ms): a log grows, artifacts of an ended run hardly do. */
const freshMs = { output: 3_000, artifacts: 15_000 };
/** How long a page waits for what is an extra, milliseconds. */
const patienceMs = 3_000;

function endOf(logs: string): { logs: string; truncated: boolean } {
  if (logs.length <= logBound) return { logs, truncated: false };
  const end = logs.slice(-logBound);
  return { logs: end.slice(end.indexOf('\n') + 1), truncated: true };
}

/**
 * What people look at that only the workspace has: logs and artifacts. However many look, Databricks is asked once in
 * some seconds.
 */
export function createRemoteViews({
  workspace,
  clock,
  log,
}: {
  workspace: Pick<TrainingWorkspace, 'run' | 'output' | 'artifacts'>;
  clock: Clock;
  log: { warn(fields: object, message: string): void };
}) {
  const outputs = new SharedAnswers<TaskOutput | null>({ clock, freshMs: freshMs.output, most: 50 });
  const lists = new SharedAnswers<RunDetail['artifacts']>({ clock, freshMs: freshMs.artifacts, most: 500 });
  const reading = (repository: BoundRepository, run: Run): CallAs => ({
    repository,
    role: run.trust === 'fork' ? 'fork' : 'trainer',
  });

  return {
    /** Empty where the run has logged none; null: Databricks does not tell them, or not soon. They are an extra. */
    async artifacts(repository: BoundRepository, run: Run): Promise<RunDetail['artifacts']> {
      const { mlflowRunId } = run;
      if (mlflowRunId === null) return [];
      const answer = lists
        .get(run.id, () => workspace.artifacts(reading(repository, run), mlflowRunId))
        .catch((err: unknown) => {
          log.warn({ err, run: run.id }, 'artifacts could not be listed');
          return null;
        });
      const enough = new AbortController();
      const late = pause(clock, patienceMs, enough.signal).then(() => null);
      return await Promise.race([answer, late]).finally(() => enough.abort());
    },

    /** null: Databricks does not know the task any more. */
    async taskOutput(
      repository: BoundRepository,
      run: Run,
      remoteId: string,
      key: string,
    ): Promise<TaskOutput | null> {
      const as = reading(repository, run);
      return await outputs.get(`${run.id} ${key}`, async () => {
        const remote = await workspace.run(as, remoteId);
        const task = remote?.tasks.find((item) => item.key === key);
        if (!task) return null;
        const output = await workspace.output(as, task.runId);
        const { logs, truncated } = endOf(output.logs);
        return {
          logs,
          truncated: truncated || output.truncated,
          error: output.error,
          errorTrace: output.trace,
        };
      });
    },
  };
}

export type RemoteViews = ReturnType<typeof createRemoteViews>;
