/**
 * Runs of a repository: lists, one run, its histories and logs, and what people may ask for. Longer than other
 * route modules because one resource has eight routes.
 */
import { Type } from 'typebox';
import { MetricHistory } from '../../../contract/metric.ts';
import type { RunDetail as RunDetailType, RunList as RunListType } from '../../../contract/run.ts';
import {
  RunDetail,
  RunList,
  RunQuery,
  RunState,
  RunSummary,
  TaskOutput,
  TrainRequest,
} from '../../../contract/run.ts';
import type { Access } from '../../permission/access.ts';
import type { BoundRepository } from '../../permission/bound-repository.ts';
import { verdictOf } from '../../report/status.ts';
import type { RunActionsService } from '../../training/actions.ts';
import type { Configurations } from '../../training/configurations.ts';
import { actionsOf } from '../../training/offered-actions.ts';
import type { Run, RunStore } from '../../training/ports.ts';
import type { RemoteViews } from '../../training/remote-views.ts';
import { activeStates } from '../../training/transitions.ts';
import type { ModelAliases } from '../../training/views.ts';
import { metricColumns, releaseSentence, runSummary } from '../../training/views.ts';
import type { App } from '../application.ts';
import type { ConnectionOf } from '../needs-databricks.ts';
import { needsDatabricks } from '../needs-databricks.ts';
import { ProblemError } from '../problem.ts';

export interface RunRouteServices {
  runs: RunStore;
  actions: RunActionsService;
  configurations: Configurations;
  remote: RemoteViews;
  models: ModelAliases;
  connection: ConnectionOf;
}

const defaultLimit = 50;

const ofRepository = Type.Object({ repository: Type.Integer() });
const ofRun = Type.Object({ repository: Type.Integer(), run: Type.String({ maxLength: 100 }) });
const states: ReadonlySet<string> = new Set(RunState.anyOf.map((literal) => literal.const));

function wantedStates(list: string | undefined): Run['state'][] | undefined {
  if (!list) return undefined;
  const wanted = list
    .split(',')
    .flatMap((state) => (state === 'active' ? ['waiting', ...activeStates] : [state]));
  const wrong = wanted.find((state) => !states.has(state));
  if (wrong !== undefined) {
    throw new ProblemError(
      'bad-request',
      `"${wrong}" is no state of a run. There are: ${[...states].join(', ')}.`,
    );
  }
  return wanted as Run['state'][];
}

export function runRoutes(app: App, services: RunRouteServices): void {
  const { runs, actions, configurations, remote, models, connection } = services;

  /** What is foreign is not found. */
  async function runOf(access: Access, id: string): Promise<Run> {
    const run = await runs.find(access.repository.id, id);
    if (!run) throw new ProblemError('not-found', 'There is no such run in this repository.');
    return run;
  }

  async function summaries(repository: BoundRepository, some: readonly Run[]) {
    const keys = new Set(some.flatMap((run) => (run.modelVersion === null ? [] : [run.modelKey ?? ''])));
    const aliases = new Map<string, Record<string, number>>();
    for (const key of keys) aliases.set(key, await models.aliases(repository, key));
    const facts = await connection(repository.workspace.name);
    return some.map((run) => runSummary(repository, run, aliases.get(run.modelKey ?? '') ?? {}, facts));
  }

  async function summary(repository: BoundRepository, run: Run): Promise<RunSummary> {
    const [one] = await summaries(repository, [run]);
    return one as RunSummary;
  }

  app.get(
    '/repositories/:repository/runs',
    {
      schema: { summary: 'Runs', params: ofRepository, querystring: RunQuery, response: { 200: RunList } },
    },
    async ({ access, query }): Promise<RunListType> => {
      const { repository } = access;
      const record = await configurations.known(repository);
      const { sort = 'started' } = query;
      const offset = Number(query.cursor ?? 0);
      const filter = {
        repositoryId: repository.id,
        states: wantedStates(query.state),
        branch: query.branch,
        pull: query.pull,
        actor: query.author,
        text: query.query?.trim(),
      };
      const best = metricColumns(repository, record, []).find((column) => column.name === sort)?.direction;
      const direction = query.order ? (query.order === 'asc' ? 'lower' : 'higher') : (best ?? 'lower');
      const order =
        sort === 'started'
          ? ({ started: query.order ?? 'desc' } as const)
          : ({ metric: sort, direction } as const);
      const limit = query.limit ?? defaultLimit;
      const { items, total } = await runs.list(filter, { sort: order, offset, limit });
      const end = offset + items.length;
      return {
        items: await summaries(repository, items),
        total,
        next: end < total && items.length > 0 ? String(end) : null,
        metrics: metricColumns(repository, record, items),
      };
    },
  );

  app.get(
    '/repositories/:repository/runs/:run',
    {
      schema: { summary: 'A run', params: ofRun, response: { 200: RunDetail } },
    },
    async ({ access, params }): Promise<RunDetailType> => {
      const { repository } = access;
      const run = await runOf(access, params.run);
      const verdict = verdictOf(run);
      const baseline = verdict?.baseline.run ? await runs.findById(verdict.baseline.run) : null;
      // Training code chooses these names: "constructor" is one, too.
      const logged = new Map(Object.entries(run.loggedParameters ?? {}));
      const before = new Map(Object.entries(baseline?.loggedParameters ?? {}));
      const shown = await summary(repository, run);
      const artifacts = await remote.artifacts(repository, run);
      return {
        run: shown,
        verdict,
        tasks: run.tasks,
        error: run.error,
        parameters: [...new Set([...Object.keys(run.parameters), ...logged.keys()])].sort().map((name) => ({
          name,
          value: logged.get(name) ?? String(run.parameters[name] ?? ''),
          baseline: before.get(name) ?? null,
        })),
        baselineRun: verdict?.baseline.run ?? null,
        historyMetrics: run.historyMetrics,
        artifacts,
        connection: await connection(repository.workspace.name),
        provenance: {
          job: run.job,
          databricksRunId: run.databricksRunId,
          databricksUrl: run.databricksUrl,
          mlflowRunId: run.mlflowRunId,
          principal: run.principal,
          configurationCommit: run.configurationCommit,
          configurationDigest: run.configurationDigest,
          snapshot: run.snapshot,
        },
        release: releaseSentence(run, shown.aliases),
        actions: actionsOf(run, access.train),
      };
    },
  );

  app.get(
    '/repositories/:repository/runs/:run/history',
    {
      schema: {
        summary: 'Metrics over steps',
        params: ofRun,
        querystring: Type.Object(
          { metrics: Type.Optional(Type.String({ maxLength: 4_000 })) },
          { additionalProperties: false },
        ),
        response: { 200: MetricHistory },
      },
    },
    async ({ access, params, query }) => {
      const run = await runOf(access, params.run);
      const histories = await runs.histories(run.id);
      const wanted = query.metrics?.split(',') ?? run.historyMetrics;
      return {
        series: wanted.flatMap((metric) => {
          const found = Object.hasOwn(histories, metric) ? histories[metric] : undefined;
          return found ? [{ metric, ...found }] : [];
        }),
      };
    },
  );

  app.get(
    '/repositories/:repository/runs/:run/tasks/:task/output',
    {
      schema: {
        summary: 'The end of a task’s log',
        params: Type.Object({ ...ofRun.properties, task: Type.String({ maxLength: 100 }) }),
        response: { 200: TaskOutput },
      },
    },
    async ({ access, params }) => {
      const { repository } = access;
      const run = await runOf(access, params.run);
      if (!run.tasks.some((task) => task.key === params.task) || run.databricksRunId === null) {
        throw new ProblemError('not-found', `Run ${run.number} has no task "${params.task}".`);
      }
      const { databricksRunId } = run;
      const output = await needsDatabricks(repository, connection, 'so the log cannot be read', () =>
        remote.taskOutput(repository, run, databricksRunId, params.task),
      );
      if (!output)
        throw new ProblemError('not-found', 'Databricks no longer has this log: runs are kept for 60 days.');
      return output;
    },
  );

  app.post(
    '/repositories/:repository/runs',
    {
      schema: { summary: 'Train', params: ofRepository, body: TrainRequest, response: { 201: RunSummary } },
    },
    async ({ access, body, id }, reply) => {
      const run = await actions.train(access.repository, body, { user: access.user, requestId: id });
      return reply.code(201).send(await summary(access.repository, run));
    },
  );

  app.post(
    '/repositories/:repository/runs/:run/cancel',
    {
      schema: { summary: 'Cancel a run', params: ofRun, response: { 200: RunSummary } },
    },
    async ({ access, params, id }) => {
      const run = await runOf(access, params.run);
      const ended = await actions.cancel(access.repository, run, { user: access.user, requestId: id });
      return await summary(access.repository, ended);
    },
  );

  app.post(
    '/repositories/:repository/runs/:run/retry',
    {
      schema: { summary: 'Train the same commit again', params: ofRun, response: { 201: RunSummary } },
    },
    async ({ access, params, id }, reply) => {
      const run = await runOf(access, params.run);
      const retried = await actions.retry(access.repository, run, { user: access.user, requestId: id });
      return reply.code(201).send(await summary(access.repository, retried));
    },
  );
}
