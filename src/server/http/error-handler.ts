import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { ProblemCode } from '../../contract/problem.ts';
import { clockWrong, DatabricksError } from '../databricks/error.ts';
import { StoreUnavailable } from '../duty/interruption.ts';
import { GiteaError } from '../gitea/error.ts';
import { ProblemError } from './problem.ts';
import { harden } from './security-headers.ts';

interface WrongField {
  instancePath?: string;
  message?: string;
  params?: Record<string, unknown>;
}

const codeOfStatus: Record<number, ProblemCode> = {
  400: 'bad-request',
  404: 'not-found',
  405: 'method-not-allowed',
  406: 'bad-request',
  413: 'body-too-large',
  415: 'media-type-unsupported',
  429: 'too-many-requests',
};

const detailOfCode: Partial<Record<ProblemCode, string>> = {
  'body-too-large': 'The body is larger than this address takes. Send less.',
  'media-type-unsupported': 'The body must be JSON: send "Content-Type: application/json".',
  'not-found': 'There is nothing at this address.',
};

function wrongFields(error: FastifyError): { path: string; message: string }[] {
  const context = error.validationContext ?? 'body';
  // A key too many is told twice, once by its own schema, `false`.
  const faults = (error.validation as WrongField[]).filter(({ message }) => message !== 'schema is false');
  return faults.map(({ instancePath, message, params }) => {
    const extra = params?.additionalProperties ?? params?.requiredProperties;
    const names = Array.isArray(extra) ? ` (${extra.join(', ')})` : '';
    return {
      path: `${context}${(instancePath ?? '').replaceAll('/', '.')}`,
      message: `${message ?? 'is wrong'}${names}`,
    };
  });
}

/** What a Databricks fault is to our caller. Its own text may hold foreign names: shown, but never tokens. */
function ofDatabricks(error: DatabricksError): ProblemError {
  if (error.code === clockWrong)
    return new ProblemError('databricks-unavailable', error.message, { cause: error });
  return error.temporary
    ? new ProblemError(
        'databricks-unavailable',
        'Databricks does not answer as it should right now. What is shown may be older; try again in a moment.',
        { cause: error, retryAfter: error.retryAfter },
      )
    : new ProblemError('databricks-refused', `Databricks refused (${error.code}): ${error.message}`, {
        cause: error,
      });
}

/** Any thrown value as the problem that is answered. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof DatabricksError) return ofDatabricks(error);
  if (error instanceof GiteaError) {
    return new ProblemError(
      'gitea-unavailable',
      'Gitea does not answer as it should right now. Nothing was changed; try again in a moment.',
      { cause: error },
    );
  }
  if (error instanceof StoreUnavailable) {
    return new ProblemError(
      'store-unavailable',
      'The store cannot be written or read right now, so nothing was changed. Try again in a moment; the administrator finds the cause in the log.',
      { cause: error, retryAfter: 5 },
    );
  }
  const fault = error as Partial<FastifyError>;
  if (fault.validation) {
    return new ProblemError('bad-request', 'The request has wrong fields.', {
      errors: wrongFields(fault as FastifyError),
    });
  }
  const { statusCode = 0 } = fault;
  // Whatever else Fastify finds wrong with a request (an address that is too long) is the caller's, too.
  const code =
    codeOfStatus[statusCode] ?? (statusCode >= 400 && statusCode < 500 ? 'bad-request' : undefined);
  if (code !== undefined) {
    return new ProblemError(code, detailOfCode[code] ?? 'The request cannot be understood.', {
      cause: error,
    });
  }
  return new ProblemError(
    'internal',
    'Something went wrong here. The administrator finds the cause in the log under the id in "instance".',
    { cause: error },
  );
}

/** Writes a problem out, on any route. */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  problem: ProblemError,
): FastifyReply {
  // Also here: what fails before the hooks (an address that cannot be decoded) does not reach them.
  harden(request, reply);
  if (problem.extra.retryAfter) reply.header('retry-after', Math.ceil(problem.extra.retryAfter));
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(problem.toDocument(request.id));
}

/** Fastify's error handler: one envelope for every route; causes of a 5xx stay in the log. */
export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = toProblem(error);
  const context = { code: problem.code, err: problem.extra.cause ?? error };
  if (problem.status >= 500) request.log.error(context, 'request failed');
  else request.log.info({ code: problem.code }, 'request refused');
  return sendProblem(request, reply, problem);
}
