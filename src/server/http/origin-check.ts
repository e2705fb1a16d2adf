import type { FastifyRequest } from 'fastify';
import { recordRefusal } from './guard.ts';
import { ProblemError } from './problem.ts';

const reading = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * A preParsing hook (after the rate limit, since refusals are recorded) against cross-site request forgery: whatever changes something must come from a page of
 * Gitea's or our own origin. Browsers send `Origin` with every such request; one without it is refused.
 *
 * @param origins allowed, e.g. `https://git.example.com`
 */
export function originCheck(origins: ReadonlySet<string>) {
  return async function checkOrigin(request: FastifyRequest): Promise<void> {
    if (reading.has(request.method)) return;
    const { origin, 'sec-fetch-site': site } = request.headers;
    // The browser's own word on where the page is from (Fetch Metadata), where it sends one: no page can forge it.
    if (origin !== undefined && origins.has(origin) && site !== 'cross-site') return;
    await recordRefusal(request.server.guardService, request, 'request from another site', null, {
      origin: (origin ?? 'none').slice(0, 200),
    });
    throw new ProblemError(
      'origin-refused',
      `Changes are accepted from pages of ${[...origins].join(' and ')} only; this request came from ${origin ? 'another site' : 'no page'}.`,
    );
  };
}
