import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Connection } from './connection.ts';

/**
 * Stable error codes; messages are prose and may change. Each stands in docs/configuration.md.
 * The HTTP status of each code is fixed here, so that no two routes answer the same thing differently.
 */
export const problemStatus = {
  'bad-request': 400,
  'signed-out': 401,
  'signature-invalid': 401,
  'origin-refused': 403,
  'permission-missing': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'session-of-another-user': 409,
  'plan-outdated': 409,
  'release-in-progress': 409,
  'run-not-cancellable': 409,
  'run-not-retryable': 409,
  'run-in-progress': 409,
  'pull-not-trainable': 409,
  'body-too-large': 413,
  'media-type-unsupported': 415,
  'configuration-missing': 422,
  'configuration-invalid': 422,
  'parameter-invalid': 422,
  'version-not-releasable': 422,
  'too-many-requests': 429,
  internal: 500,
  'gitea-unavailable': 502,
  'databricks-unavailable': 502,
  'databricks-refused': 502,
  'store-unavailable': 503,
  'starting-up': 503,
} as const;

export type ProblemCode = keyof typeof problemStatus;

/** One envelope for every error of every route: problem details for HTTP APIs (RFC 9457). */
export const Problem = Type.Object({
  type: Type.String({ description: 'URI reference: docs of the code' }),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String(),
  detail: Type.Optional(Type.String({ description: 'what is true now, then what to do' })),
  instance: Type.Optional(Type.String({ description: 'the request id, as in the log' })),
  errors: Type.Optional(
    Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), {
      description: 'one per wrong field',
    }),
  ),
  connection: Type.Optional(Connection),
  plan: Type.Optional(Type.Unknown({ description: 'the fresh plan where the code is plan-outdated' })),
});
export type Problem = Static<typeof Problem>;
