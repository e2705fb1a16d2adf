/** Runs, their lists and details, and what may be asked of them. Longer than other schemas: one subject, one place. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Connection } from './connection.ts';
import { Verdict } from './metric.ts';
import { Permission, Person } from './person.ts';

/** Where a training run stands. The last five are final. */
export const RunState = Type.Union([
  Type.Literal('waiting', { description: 'a fork pull request: needs a writer’s approval of this commit' }),
  Type.Literal('queued'),
  Type.Literal('uploading'),
  Type.Literal('submitted'),
  Type.Literal('running'),
  Type.Literal('evaluating'),
  Type.Literal('succeeded'),
  Type.Literal('failed'),
  Type.Literal('cancelled'),
  Type.Literal('superseded'),
  Type.Literal('timed-out'),
]);
export type RunState = Static<typeof RunState>;

/** Why a run exists. */
export const RunTrigger = Type.Union([
  Type.Literal('push'),
  Type.Literal('pull-request'),
  Type.Literal('manual'),
  Type.Literal('retry'),
]);
export type RunTrigger = Static<typeof RunTrigger>;

const nullable = Type.Union;
const date = Type.String({ format: 'date-time' });

/** A training run as lists show it. */
export const RunSummary = Type.Object(
  {
    id: Type.String({ description: 'our sortable id' }),
    number: Type.Integer({ description: 'counts up within the repository: "Run 43"' }),
    title: Type.String({ description: 'first line of the commit message' }),
    state: RunState,
    stateReason: nullable([Type.String(), Type.Null()], {
      description: 'why it failed, was superseded, waits: one sentence',
    }),
    trigger: RunTrigger,
    attempt: Type.Integer(),
    trust: Type.Union([Type.Literal('base'), Type.Literal('fork')]),
    commit: Type.String({ description: 'full SHA' }),
    branch: nullable([Type.String(), Type.Null()]),
    pulls: Type.Array(
      Type.Object({ index: Type.Integer(), url: Type.String() }, { additionalProperties: false }),
    ),
    actor: Type.Union([Person, Type.Null()]),
    createdAt: date,
    startedAt: nullable([date, Type.Null()]),
    endedAt: nullable([date, Type.Null()]),
    metrics: Type.Record(Type.String(), Type.Union([Type.Number(), Type.Null()]), {
      description: 'frozen final metrics; empty until the run succeeded',
    }),
    outcome: nullable([Type.Literal('pass'), Type.Literal('fail'), Type.Literal('no-baseline'), Type.Null()]),
    failingMetrics: Type.Array(Type.String()),
    version: nullable([Type.Integer(), Type.Null()], { description: 'model version it registered' }),
    aliases: Type.Array(Type.String(), { description: 'aliases that point to this version now' }),
    curve: Type.Array(Type.Number(), {
      description: 'primary metric while training, thinned to at most 24 values; empty when there is none',
    }),
    url: Type.String({ description: 'the run in the panel' }),
  },
  { additionalProperties: false },
);
export type RunSummary = Static<typeof RunSummary>;

/** `GET …/runs` */
export const RunList = Type.Object(
  {
    items: Type.Array(RunSummary),
    total: Type.Integer({ description: 'how many match' }),
    next: nullable([Type.String(), Type.Null()], { description: 'cursor of the next page' }),
    metrics: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          direction: nullable([Type.Literal('lower'), Type.Literal('higher'), Type.Null()]),
          primary: Type.Boolean(),
        },
        { additionalProperties: false },
      ),
      { description: 'columns worth showing, primary and gated first' },
    ),
  },
  { additionalProperties: false },
);
export type RunList = Static<typeof RunList>;

/** Filters and order of `GET …/runs`. */
export const RunQuery = Type.Object(
  {
    state: Type.Optional(
      Type.String({
        maxLength: 200,
        description: 'states, separated by commas; `active`: all that have not ended',
      }),
    ),
    branch: Type.Optional(Type.String({ maxLength: 255 })),
    pull: Type.Optional(Type.Integer({ minimum: 1 })),
    author: Type.Optional(Type.String({ maxLength: 255 })),
    query: Type.Optional(
      Type.String({ maxLength: 200, description: 'part of the title, a commit, a number' }),
    ),
    sort: Type.Optional(Type.String({ maxLength: 250, description: '`started` or the name of a metric' })),
    order: Type.Optional(Type.Union([Type.Literal('asc'), Type.Literal('desc')])),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    cursor: Type.Optional(Type.String({ pattern: '^[0-9]{1,9}$' })),
  },
  { additionalProperties: false },
);
export type RunQuery = Static<typeof RunQuery>;

/** One task of the Databricks run. */
export const Task = Type.Object(
  {
    key: Type.String(),
    state: Type.Union([
      Type.Literal('pending'),
      Type.Literal('running'),
      Type.Literal('succeeded'),
      Type.Literal('failed'),
      Type.Literal('cancelled'),
      Type.Literal('timed-out'),
      Type.Literal('skipped'),
    ]),
    startedAt: nullable([date, Type.Null()]),
    endedAt: nullable([date, Type.Null()]),
    message: nullable([Type.String(), Type.Null()]),
  },
  { additionalProperties: false },
);
export type Task = Static<typeof Task>;

/** Parameter as the repository configuration allows it, for the "New run" form. */
export const ParameterRule = Type.Object(
  {
    name: Type.String(),
    type: Type.Union([
      Type.Literal('integer'),
      Type.Literal('number'),
      Type.Literal('boolean'),
      Type.Literal('string'),
    ]),
    default: Type.Union([Type.Number(), Type.Boolean(), Type.String()]),
    min: Type.Optional(Type.Number()),
    max: Type.Optional(Type.Number()),
    choices: Type.Optional(Type.Array(Type.Union([Type.Number(), Type.String()]))),
    description: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
export type ParameterRule = Static<typeof ParameterRule>;

/** What may be done with a run or a pull request now, by this user. */
export const RunActions = Type.Object(
  { train: Permission, cancel: Permission, retry: Permission },
  { additionalProperties: false },
);
export type RunActions = Static<typeof RunActions>;

/** `GET …/runs/{run}` */
export const RunDetail = Type.Object(
  {
    run: RunSummary,
    verdict: nullable([Verdict, Type.Null()]),
    tasks: Type.Array(Task),
    error: nullable(
      [
        Type.Object(
          {
            task: nullable([Type.String(), Type.Null()]),
            message: Type.String(),
            trace: nullable([Type.String(), Type.Null()], { description: 'end of the error trace' }),
          },
          { additionalProperties: false },
        ),
        Type.Null(),
      ],
      { description: 'set when the run failed' },
    ),
    parameters: Type.Array(
      Type.Object(
        { name: Type.String(), value: Type.String(), baseline: nullable([Type.String(), Type.Null()]) },
        { additionalProperties: false },
      ),
      { description: 'parameters logged by the training code, the baseline’s beside them' },
    ),
    baselineRun: nullable([Type.String(), Type.Null()], {
      description: 'id of the run the baseline came from',
    }),
    historyMetrics: Type.Array(Type.String(), { description: 'metrics with more than one step' }),
    artifacts: nullable(
      [
        Type.Array(
          Type.Object(
            {
              path: Type.String(),
              size: nullable([Type.Integer(), Type.Null()], { description: 'bytes' }),
              directory: Type.Boolean(),
            },
            { additionalProperties: false },
          ),
        ),
        Type.Null(),
      ],
      { description: 'null: Databricks does not tell them now' },
    ),
    connection: Connection,
    provenance: Type.Object(
      {
        job: nullable([Type.String(), Type.Null()]),
        databricksRunId: nullable([Type.String(), Type.Null()]),
        databricksUrl: nullable([Type.String(), Type.Null()]),
        mlflowRunId: nullable([Type.String(), Type.Null()]),
        principal: nullable([Type.String(), Type.Null()], { description: 'application id it ran as' }),
        configurationCommit: nullable([Type.String(), Type.Null()]),
        configurationDigest: nullable([Type.String(), Type.Null()]),
        snapshot: nullable([Type.String(), Type.Null()], { description: 'workspace folder' }),
      },
      { additionalProperties: false },
    ),
    release: nullable([Type.String(), Type.Null()], {
      description:
        'what became of its version: "released as champion 3 days ago", "not released: log_loss gate fails"',
    }),
    actions: RunActions,
  },
  { additionalProperties: false },
);
export type RunDetail = Static<typeof RunDetail>;

/** `GET …/runs/{run}/tasks/{task}/output` */
export const TaskOutput = Type.Object(
  {
    logs: Type.String({ description: 'the last 64 KiB' }),
    truncated: Type.Boolean(),
    error: nullable([Type.String(), Type.Null()]),
    errorTrace: nullable([Type.String(), Type.Null()]),
  },
  { additionalProperties: false },
);
export type TaskOutput = Static<typeof TaskOutput>;

/** `POST …/runs`: train a pull request's head, or the head of a branch, with parameters. */
export const TrainRequest = Type.Object(
  {
    pull: Type.Optional(Type.Integer({ minimum: 1 })),
    branch: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    commit: Type.Optional(
      Type.String({
        pattern: '^[0-9a-f]{40}$',
        description:
          'the head that the person saw; another head is refused, so that nobody trains unseen code',
      }),
    ),
    parameters: Type.Optional(
      Type.Record(Type.String({ maxLength: 64 }), Type.Union([Type.Number(), Type.Boolean(), Type.String()])),
    ),
  },
  { additionalProperties: false },
);
export type TrainRequest = Static<typeof TrainRequest>;
