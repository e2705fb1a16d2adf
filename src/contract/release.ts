/**
 * Production, versions, releases and plans. Longer than other schemas because one subject is read in one place.
 */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Connection } from './connection.ts';
import { MetricComparison } from './metric.ts';
import { Permission, Person } from './person.ts';

const date = Type.String({ format: 'date-time' });
const optionalString = Type.Union([Type.String(), Type.Null()]);
const optionalInteger = Type.Union([Type.Integer(), Type.Null()]);

/** State of a serving endpoint as Databricks tells it. */
export const EndpointState = Type.Object(
  {
    name: Type.String(),
    ready: Type.Boolean(),
    update: Type.Union([Type.Literal('idle'), Type.Literal('in-progress'), Type.Literal('failed')]),
    traffic: Type.Array(
      Type.Object(
        { version: Type.Integer(), percentage: Type.Integer({ minimum: 0, maximum: 100 }) },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type EndpointState = Static<typeof EndpointState>;

/** Automatic promotion is stopped since a rollback. */
export const Hold = Type.Object(
  { since: date, by: Person, reason: optionalString, release: Type.String() },
  { additionalProperties: false },
);
export type Hold = Static<typeof Hold>;

/** What production serves now. */
export const Production = Type.Object(
  {
    model: Type.String({ description: 'key of the model in the binding' }),
    name: Type.String({ description: 'full name in Unity Catalog' }),
    alias: Type.String(),
    version: Type.Integer(),
    since: Type.Union([date, Type.Null()]),
    by: Type.Union([Person, Type.Null()]),
    pull: optionalInteger,
    kind: Type.Union([
      Type.Literal('promotion'),
      Type.Literal('rollback'),
      Type.Literal('adopted'),
      Type.Literal('foreign', { description: 'somebody moved the alias outside this product' }),
    ]),
    metrics: Type.Record(Type.String(), Type.Union([Type.Number(), Type.Null()])),
    primary: optionalString,
    trend: Type.Array(Type.Number(), { description: 'primary metric of the releases, oldest first' }),
    endpoint: Type.Union([EndpointState, Type.Null()]),
    hold: Type.Union([Hold, Type.Null()]),
    previous: optionalInteger,
    rollback: Permission,
  },
  { additionalProperties: false },
);
export type Production = Static<typeof Production>;

/** A model version with where it came from. */
export const ModelVersion = Type.Object(
  {
    version: Type.Integer(),
    status: Type.Union([Type.Literal('pending'), Type.Literal('ready'), Type.Literal('failed')]),
    createdAt: date,
    aliases: Type.Array(Type.String()),
    run: optionalString,
    runNumber: optionalInteger,
    commit: optionalString,
    branch: optionalString,
    pull: optionalInteger,
    outcome: Type.Union([
      Type.Literal('pass'),
      Type.Literal('fail'),
      Type.Literal('no-baseline'),
      Type.Null(),
    ]),
    metrics: Type.Record(Type.String(), Type.Union([Type.Number(), Type.Null()])),
    traffic: Type.Union([Type.Integer(), Type.Null()], {
      description: 'percent of the endpoint’s traffic; 0: still loaded; null: not served',
    }),
    released: Type.Array(
      Type.Object(
        { from: date, until: Type.Union([date, Type.Null()]), release: Type.String() },
        { additionalProperties: false },
      ),
      { description: 'when it was in production, oldest first' },
    ),
    rollback: Permission,
    promote: Permission,
  },
  { additionalProperties: false },
);
export type ModelVersion = Static<typeof ModelVersion>;

/** `GET …/models` */
export const ModelList = Type.Object(
  {
    models: Type.Array(
      Type.Object(
        {
          key: Type.String(),
          name: Type.String(),
          alias: Type.String(),
          known: Type.Boolean({
            description: 'false: Databricks does not answer, and never told the versions before',
          }),
          champion: optionalInteger,
          endpoint: Type.Union([EndpointState, Type.Null()]),
          versions: Type.Array(ModelVersion, { description: 'newest first' }),
        },
        { additionalProperties: false },
      ),
    ),
    connection: Connection,
  },
  { additionalProperties: false },
);
export type ModelList = Static<typeof ModelList>;

export const ReleaseKind = Type.Union([
  Type.Literal('promotion'),
  Type.Literal('rollback'),
  Type.Literal('adopted'),
]);
export type ReleaseKind = Static<typeof ReleaseKind>;

/** One step of a release: recorded before it acts, read back after. */
export const ReleaseStep = Type.Object(
  {
    name: Type.Union([
      Type.Literal('traffic', { description: 'the endpoint’s traffic moves to an already loaded version' }),
      Type.Literal('alias'),
      Type.Literal('endpoint', { description: 'the endpoint loads the version and gets the traffic' }),
      Type.Literal('read-back'),
    ]),
    state: Type.Union([
      Type.Literal('planned'),
      Type.Literal('running'),
      Type.Literal('done'),
      Type.Literal('failed'),
      Type.Literal('undone'),
    ]),
    from: Type.String({ description: '"champion → v13", "v13 100 %"' }),
    to: Type.String(),
    detail: optionalString,
    endedAt: Type.Union([date, Type.Null()]),
  },
  { additionalProperties: false },
);
export type ReleaseStep = Static<typeof ReleaseStep>;

/** A change of what an alias and an endpoint point to. */
export const Release = Type.Object(
  {
    id: Type.String(),
    kind: ReleaseKind,
    model: Type.String(),
    fromVersion: optionalInteger,
    toVersion: Type.Integer(),
    state: Type.Union([
      Type.Literal('running'),
      Type.Literal('succeeded'),
      Type.Literal('partial', { description: 'a step failed; `is` says what is true now' }),
      Type.Literal('failed', { description: 'nothing changed' }),
      Type.Literal('undone'),
    ]),
    actor: Type.Union([Person, Type.Null()]),
    reason: optionalString,
    pull: optionalInteger,
    commit: optionalString,
    approvals: Type.Array(Type.String(), { description: 'names of the reviewers whose approval counted' }),
    steps: Type.Array(ReleaseStep),
    is: Type.Union([
      Type.Object({ alias: optionalInteger, traffic: optionalInteger }, { additionalProperties: false }),
      Type.Null(),
    ]),
    error: optionalString,
    createdAt: date,
    endedAt: Type.Union([date, Type.Null()]),
    servedUntil: Type.Union([date, Type.Null()], { description: 'null: still in production, or never was' }),
    metric: Type.Union([Type.Number(), Type.Null()], { description: 'primary metric of the version' }),
  },
  { additionalProperties: false },
);
export type Release = Static<typeof Release>;

/** `GET …/releases` */
export const ReleaseList = Type.Object(
  {
    items: Type.Array(Release, { description: 'newest first' }),
    hold: Type.Union([Hold, Type.Null()]),
    primary: optionalString,
    lift: Permission,
    release: Permission,
  },
  { additionalProperties: false },
);
export type ReleaseList = Static<typeof ReleaseList>;

/** `POST …/models/{model}/plans`: what a release would do; changes nothing. */
export const PlanRequest = Type.Object(
  {
    kind: Type.Union([Type.Literal('promotion'), Type.Literal('rollback')]),
    toVersion: Type.Integer({ minimum: 1 }),
  },
  { additionalProperties: false },
);
export type PlanRequest = Static<typeof PlanRequest>;

/** The plan that a person confirms; its digest is sent back with the confirmation. */
export const ReleasePlan = Type.Object(
  {
    digest: Type.String(),
    kind: Type.Union([Type.Literal('promotion'), Type.Literal('rollback')]),
    model: Type.String(),
    name: Type.String(),
    alias: Type.String(),
    from: Type.Union([
      Type.Object(
        {
          version: Type.Integer(),
          since: Type.Union([date, Type.Null()]),
          by: Type.Union([Person, Type.Null()]),
          pull: optionalInteger,
        },
        { additionalProperties: false },
      ),
      Type.Null(),
    ]),
    to: Type.Object(
      {
        version: Type.Integer(),
        servedFrom: Type.Union([date, Type.Null()]),
        servedUntil: Type.Union([date, Type.Null()]),
        pull: optionalInteger,
        title: optionalString,
      },
      { additionalProperties: false },
    ),
    metrics: Type.Array(MetricComparison, { description: 'to against from, frozen at training' }),
    effects: Type.Array(
      Type.Object(
        {
          kind: Type.Union([
            Type.Literal('endpoint'),
            Type.Literal('alias'),
            Type.Literal('signature'),
            Type.Literal('hold'),
            Type.Literal('approvals'),
          ]),
          text: Type.String(),
          level: Type.Union([Type.Literal('ok'), Type.Literal('warning')]),
        },
        { additionalProperties: false },
      ),
    ),
    inFlight: Type.Array(Type.String(), { description: 'runs and releases that are under way' }),
    blocked: Type.Array(Type.String(), { description: 'why it cannot be executed; empty: it can' }),
  },
  { additionalProperties: false },
);
export type ReleasePlan = Static<typeof ReleasePlan>;

/** `POST …/models/{model}/releases`: execute the plan with this digest. */
export const ReleaseRequest = Type.Object(
  {
    kind: Type.Union([Type.Literal('promotion'), Type.Literal('rollback')]),
    toVersion: Type.Integer({ minimum: 1 }),
    digest: Type.String({ minLength: 64, maxLength: 64 }),
    reason: Type.Optional(Type.String({ maxLength: 500 })),
  },
  { additionalProperties: false },
);
export type ReleaseRequest = Static<typeof ReleaseRequest>;
