import { isIP } from 'node:net';
import type { Registry } from 'prom-client';
import type { App } from '../application.ts';
import { ProblemError } from '../problem.ts';

/** What tells how the backend is. */
export interface HealthRouteServices {
  /** Rejects with a ProblemError (`starting-up`, `store-unavailable`) while requests cannot be served. */
  ready(): Promise<void>;
  metrics: Registry;
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}

/** `health/live`, `health/ready` for everybody; `metrics` (Prometheus) for the machine itself only. */
export function healthRoutes(app: App, { ready, metrics }: HealthRouteServices): void {
  // Whoever asks often, from the address of all requests, must not be told "too many": it would count as "no".
  const config = { rateLimit: false };
  app.get('/health/live', { config, schema: { summary: 'The process answers' } }, async () => ({
    status: 'live',
  }));

  let looking: Promise<void> | undefined;
  app.get('/health/ready', { config, schema: { summary: 'Requests can be served' } }, async () => {
    // Many who ask at once are one question to the store.
    looking ??= ready().finally(() => {
      looking = undefined;
    });
    await looking;
    return { status: 'ready' };
  });

  app.get(
    '/metrics',
    { schema: { summary: 'Prometheus metrics, on loopback only' } },
    async (request, reply) => {
      if (!isLoopback(request.ip)) throw new ProblemError('not-found', 'There is nothing at this address.');
      return reply.type(metrics.contentType).send(await metrics.metrics());
    },
  );
}
