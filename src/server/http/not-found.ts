import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from './error-handler.ts';
import { ProblemError } from './problem.ts';

interface KnownRoute {
  pattern: RegExp;
  methods: Set<string>;
}

function patternOf(url: string): RegExp {
  const segments = url
    .split('/')
    .map((segment) =>
      segment.startsWith(':')
        ? '[^/]+'
        : segment === '*'
          ? '.*'
          : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
    );
  return new RegExp(`^${segments.join('/')}$`);
}

/**
 * Answers what no route matched: 405 with `Allow` where the address knows other methods, else 404.
 * Fastify has no 405 of its own, so the routes are noted as they are added.
 */
export class UnmatchedRequests {
  readonly #routes = new Map<string, KnownRoute>();

  /** For Fastify's onRoute hook. */
  note(url: string, method: string | string[]): void {
    // Preflights are answered at any address: they say nothing of what is there.
    if (method === 'OPTIONS') return;
    const known = this.#routes.get(url) ?? { pattern: patternOf(url), methods: new Set() };
    for (const name of [method].flat()) known.methods.add(name);
    this.#routes.set(url, known);
  }

  answer(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const path = request.url.split('?', 1)[0] ?? '';
    const allowed = new Set<string>();
    for (const { pattern, methods } of this.#routes.values()) {
      if (pattern.test(path)) for (const method of methods) allowed.add(method);
    }
    if (allowed.size === 0) {
      return sendProblem(request, reply, new ProblemError('not-found', 'There is nothing at this address.'));
    }
    const list = [...allowed].sort().join(', ');
    reply.header('allow', list);
    return sendProblem(
      request,
      reply,
      new ProblemError('method-not-allowed', `${request.method} is not possible here; these are: ${list}.`),
    );
  }
}
