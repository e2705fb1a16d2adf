import type { Static } from 'typebox';
import { Type } from 'typebox';

const optionalString = Type.Union([Type.String(), Type.Null()]);

/** The closed list of what is recorded. A test fails when code appends an action that is not here. */
export const auditActions = [
  'delivery.accepted',
  'run.created',
  'run.advanced',
  'run.submitted',
  'run.ended',
  'run.cancel-requested',
  'run.retry-requested',
  'run.train-requested',
  'run.fork-approved',
  'report.published',
  'message.retried',
  'release.started',
  'release.step',
  'release.ended',
  'release.adopted',
  'release.not-promoted',
  'hold.set',
  'hold.lifted',
  'session.started',
  'session.ended',
  'permission.refused',
  'callers.refused',
  'binding.fixed',
  'binding.refused',
  'key.rotated',
  'token.exchanged',
] as const;
export type AuditAction = (typeof auditActions)[number];

/** One link of the hash chain, as the panel shows it. */
export const AuditEntry = Type.Object(
  {
    sequence: Type.Integer(),
    at: Type.String({ format: 'date-time' }),
    action: Type.String(),
    outcome: Type.Union([Type.Literal('done'), Type.Literal('refused'), Type.Literal('failed')]),
    actor: Type.Object(
      {
        kind: Type.Union([Type.Literal('person'), Type.Literal('webhook'), Type.Literal('system')]),
        id: Type.Union([Type.Integer(), Type.Null()]),
        name: Type.String(),
      },
      { additionalProperties: false },
    ),
    repository: Type.Union([Type.Integer(), Type.Null()]),
    ref: optionalString,
    commit: optionalString,
    pull: Type.Union([Type.Integer(), Type.Null()]),
    approval: optionalString,
    principal: optionalString,
    subject: Type.String({ description: 'what it was done to: "run 43", "wine v12"' }),
    detail: Type.Record(Type.String(), Type.Unknown()),
    requestId: optionalString,
    hash: Type.String({ description: 'hex SHA-256 over the previous hash and this entry' }),
  },
  { additionalProperties: false },
);
export type AuditEntry = Static<typeof AuditEntry>;

/** `GET …/audit` */
export const AuditList = Type.Object(
  {
    items: Type.Array(AuditEntry, { description: 'newest first' }),
    next: optionalString,
    total: Type.Integer(),
    verification: Type.Object(
      {
        intact: Type.Boolean(),
        entries: Type.Integer({ description: 'of the whole chain' }),
        head: Type.String(),
        checkedAt: Type.String({ format: 'date-time' }),
        brokenAt: Type.Union([Type.Integer(), Type.Null()]),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export type AuditList = Static<typeof AuditList>;
