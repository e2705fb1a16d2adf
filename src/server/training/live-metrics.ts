import type { Also, NotedChange } from './journal.ts';
import { isTurn, liveEveryMs } from './pace.ts';
import type { Run } from './ports.ts';
import { belongingRuns, readHistories } from './result.ts';
import type { CallAs, RemoteRun, TrainingWorkspace } from './workspace-port.ts';

/**
 * Curves grow while the run trains, so far as MLflow knows them.
 *
 * @returns reads what is new: what is written to the run, and what commits with it; null when nothing is
 */
export function createLiveMetrics({
  workspace,
  log,
}: {
  workspace: TrainingWorkspace;
  log: { warn(fields: object, message: string): void };
}) {
  return async (
    as: CallAs,
    run: Run,
    remote: RemoteRun,
    /** `pause` since the former look, milliseconds; `beside`: how many runs are under way in the workspace. */
    { at, pause, beside }: { at: Date; pause: number; beside: number },
  ): Promise<{ change: NotedChange; save: Also } | null> => {
    const age = at.getTime() - (remote.startedAt ?? 0);
    if (!isTurn(age, age - pause, liveEveryMs(age, beside))) return null;
    try {
      const all = await belongingRuns(workspace, as, run, remote);
      const first = all.find((item) => item.parent === null);
      if (!first) return null;
      const { histories, historyMetrics, curve } = await readHistories(
        workspace,
        as,
        first,
        run.configuration,
      );
      if (JSON.stringify(curve) === JSON.stringify(run.curve)) return null;
      return {
        change: { historyMetrics, curve },
        save: async ({ runs }) => await runs.saveHistories(run.id, histories),
      };
    } catch (error) {
      log.warn({ run: run.id, err: error }, 'live metrics could not be read');
      return null;
    }
  };
}
