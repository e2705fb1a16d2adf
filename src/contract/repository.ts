import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Connection } from './connection.ts';
import { Gate } from './metric.ts';
import { Permission } from './person.ts';
import { Production } from './release.ts';
import { ParameterRule } from './run.ts';

/** A wrong place in a configuration file. */
export const ConfigurationProblem = Type.Object(
  {
    file: Type.String(),
    line: Type.Union([Type.Integer(), Type.Null()], { description: 'from 1' }),
    path: Type.String({ description: '"metrics.gates.rmse.limit"' }),
    message: Type.String({ description: 'what is wrong and what would be right' }),
  },
  { additionalProperties: false },
);
export type ConfigurationProblem = Static<typeof ConfigurationProblem>;

/** `GET repositories/{id}`: what the head of the tab and the sidebar show. */
export const RepositoryView = Type.Object(
  {
    id: Type.Integer(),
    fullName: Type.String(),
    url: Type.String(),
    productionBranch: Type.String(),
    binding: Type.String(),
    workspace: Type.Object({ name: Type.String(), host: Type.String() }, { additionalProperties: false }),
    connection: Connection,
    configuration: Type.Object(
      {
        state: Type.Union([Type.Literal('ok'), Type.Literal('missing'), Type.Literal('invalid')]),
        commit: Type.Union([Type.String(), Type.Null()]),
        problems: Type.Array(ConfigurationProblem),
        primary: Type.Union([Type.String(), Type.Null()]),
        gates: Type.Array(Gate),
        parameters: Type.Array(ParameterRule),
        onMerge: Type.Union([Type.Literal('promote'), Type.Literal('none')]),
      },
      { additionalProperties: false },
    ),
    permissions: Type.Object(
      { train: Permission, release: Permission, audit: Permission, administer: Permission },
      { additionalProperties: false },
    ),
    production: Type.Union([Production, Type.Null()], { description: 'null: nothing was released yet' }),
    counts: Type.Object(
      { runs: Type.Integer(), active: Type.Integer(), versions: Type.Integer(), releases: Type.Integer() },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export type RepositoryView = Static<typeof RepositoryView>;
