import type { FastifyError, FastifyReply } from 'fastify';
import type { ForgeContext } from '../context.ts';
import { Refusal } from '../refusal.ts';

/**
 * Gitea's error envelope `{message, url}`. A 404 carries `errors` too (null where nothing more is known), and the
 * message of a 5xx stays blank: its cause is in the log.
 */
export function sendApiError(forge: ForgeContext, reply: FastifyReply, error: unknown): FastifyReply {
  const url = `${forge.settings.rootUrl}api/swagger`;
  reply.header('Content-Type', 'application/json;charset=utf-8');
  if (error instanceof Refusal) {
    reply.code(error.status);
    if (error.status !== 404) return reply.send({ message: error.message, url });
    const isPlain = error.message === 'not found';
    return reply.send({ message: 'not found', url, errors: isPlain ? null : [error.message] });
  }
  const { statusCode, message } = error as FastifyError;
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return reply.code(statusCode === 400 ? 422 : statusCode).send({ message, url });
  }
  forge.log.error(`API: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return reply.code(500).send({ message: '', url });
}

/** Gitea's plain 404. */
export function notFound(): Refusal {
  return new Refusal(404, 'not found');
}
