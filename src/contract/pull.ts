import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Connection } from './connection.ts';
import { Verdict } from './metric.ts';
import { ParameterRule, RunActions, RunSummary, Task } from './run.ts';

/** `GET …/pulls/{index}`: all that the pull-request box needs, in one answer. */
export const PullView = Type.Object(
  {
    index: Type.Integer(),
    title: Type.String(),
    url: Type.String(),
    state: Type.Union([Type.Literal('open'), Type.Literal('merged'), Type.Literal('closed')]),
    fork: Type.Boolean(),
    head: Type.String({ description: 'full SHA that Gitea shows now' }),
    run: Type.Union([RunSummary, Type.Null()], { description: 'the newest run of this head' }),
    tasks: Type.Array(Task),
    verdict: Type.Union([Verdict, Type.Null()]),
    error: Type.Union([
      Type.Object(
        {
          task: Type.Union([Type.String(), Type.Null()]),
          message: Type.String(),
          trace: Type.Union([Type.String(), Type.Null()]),
        },
        { additionalProperties: false },
      ),
      Type.Null(),
    ]),
    primary: Type.Union([Type.String(), Type.Null()], {
      description: 'the metric that the repository configuration puts first',
    }),
    historyMetrics: Type.Array(Type.String()),
    runs: Type.Array(RunSummary, { description: 'all runs of this pull request, newest first, at most 50' }),
    parameters: Type.Array(ParameterRule, { description: 'what a new run may set' }),
    notes: Type.Array(
      Type.Object(
        {
          kind: Type.Union([Type.Literal('info'), Type.Literal('warning'), Type.Literal('error')]),
          text: Type.String(),
        },
        { additionalProperties: false },
      ),
      {
        description:
          'things a reviewer must know: no changed file matches paths, the configuration is changed by this pull request, automatic promotion is on hold, the configuration is invalid (file, line)',
      },
    ),
    promotion: Type.Union([Type.String(), Type.Null()], {
      description: 'what a merge will do or did: "Merging releases v13 as champion", "Not promoted: …"',
    }),
    databricksUrl: Type.Union([Type.String(), Type.Null()], { description: 'the newest run at Databricks' }),
    connection: Connection,
    actions: RunActions,
  },
  { additionalProperties: false },
);
export type PullView = Static<typeof PullView>;
