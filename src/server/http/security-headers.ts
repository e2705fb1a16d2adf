import type { FastifyReply, FastifyRequest } from 'fastify';

/** What every answer carries that does not say otherwise. */
export const strictHeaders: Record<string, string> = {
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-site',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
};

/** What a response does not say itself is set to the strictest value; it names the request as the log does. */
export function harden(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id);
  for (const [name, value] of Object.entries(strictHeaders)) {
    if (!reply.hasHeader(name)) reply.header(name, value);
  }
}
