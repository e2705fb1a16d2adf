import { Type } from 'typebox';
import type { Connection } from '../../../contract/connection.ts';
import type { Permission } from '../../../contract/person.ts';
import { PullView } from '../../../contract/pull.ts';
import type { RunActions, RunSummary } from '../../../contract/run.ts';
import type { BoundRepository } from '../../permission/bound-repository.ts';
import type { PullSituation, Situations } from '../../report/situation.ts';
import { actionsOf } from '../../training/offered-actions.ts';
import type { Run } from '../../training/ports.ts';
import { isFinal } from '../../training/transitions.ts';
import type { ModelAliases } from '../../training/views.ts';
import { runSummary } from '../../training/views.ts';
import type { App } from '../application.ts';
import type { ConnectionOf } from '../needs-databricks.ts';
import { ProblemError } from '../problem.ts';

export interface PullRouteServices {
  situations: Situations;
  models: ModelAliases;
  connection: ConnectionOf;
}

/** Why nobody can train now, whoever asks; null: nothing stands in the way. */
function obstacle({ pull, record }: PullSituation): Permission | null {
  const refuse = (code: string, reason: string): Permission => ({ allowed: false, code, reason });
  if (pull.state !== 'open') return refuse('pull-not-trainable', `The pull request is ${pull.state}.`);
  if (record.state === 'missing') {
    return refuse('configuration-missing', 'The default branch has no .gitea/databricks.yml.');
  }
  if (record.state === 'invalid') {
    return refuse('configuration-invalid', '.gitea/databricks.yml of the default branch is invalid.');
  }
  if (pull.fork && record.configuration.train.kind === 'job') {
    return refuse('pull-not-trainable', 'A fork cannot train with a job.');
  }
  return null;
}

function actionsFor(situation: PullSituation, train: Permission): RunActions {
  const actions = actionsOf(situation.run, train);
  const why = obstacle(situation);
  if (why === null || !train.allowed) return actions;
  return {
    train: actions.train.allowed ? why : actions.train,
    cancel: actions.cancel,
    retry: actions.retry.allowed ? why : actions.retry,
  };
}

/** `pulls/{index}`: all that the pull-request box draws, in one answer. */
export function pullRoutes(app: App, services: PullRouteServices): void {
  const { situations, models, connection } = services;

  async function summaries(
    repository: BoundRepository,
    runs: readonly Run[],
  ): Promise<{ runs: RunSummary[]; state: Connection }> {
    const keys = new Set(runs.flatMap((run) => (run.modelVersion === null ? [] : [run.modelKey ?? ''])));
    const aliases = new Map<string, Record<string, number>>();
    for (const key of keys) aliases.set(key, await models.aliases(repository, key));
    // Last: these may be the first to notice that it does not answer.
    const state = await connection(repository.workspace.name);
    const summary = (run: Run) => runSummary(repository, run, aliases.get(run.modelKey ?? '') ?? {}, state);
    return { runs: runs.map(summary), state };
  }

  app.get(
    '/repositories/:repository/pulls/:index',
    {
      schema: {
        summary: 'A pull request: its run, its verdict, what can be done',
        params: Type.Object({ repository: Type.Integer(), index: Type.Integer({ minimum: 1 }) }),
        response: { 200: PullView },
      },
    },
    async ({ access, params }): Promise<PullView> => {
      const { repository, train } = access;
      const situation = await situations.of(repository, params.index);
      if (!situation)
        throw new ProblemError('not-found', 'There is no such pull request in this repository.');
      const { pull, record, notes, promotion, answer } = situation;
      // What somebody started just now is followed live; once it has ended, the run that counts is shown again.
      const live = situation.runs.find((one) => one.commit === pull.head.sha && !isFinal(one.state));
      const run = live ?? situation.run;
      const verdict = run === situation.run ? situation.verdict : null;
      const { runs, state } = await summaries(repository, situation.runs);
      return {
        index: pull.index,
        title: pull.title,
        url: pull.url,
        state: pull.state,
        fork: pull.fork,
        head: pull.head.sha,
        run: runs.find((item) => item.id === run?.id) ?? null,
        tasks: run?.tasks ?? [],
        verdict,
        error: run?.error ?? null,
        primary: record.state === 'ok' ? record.configuration.metrics.primary : null,
        historyMetrics: run?.historyMetrics ?? [],
        runs,
        parameters: record.state === 'ok' ? record.configuration.parameters : [],
        notes: answer === null ? notes : [...notes, answer],
        promotion,
        databricksUrl: run?.databricksUrl ?? null,
        connection: state,
        actions: actionsFor({ ...situation, run }, train),
      };
    },
  );
}
