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
  app.get('/health/live', { schema: { summary: 'The process answers' } }, async () => ({ status: 'live' }));

  app.get('/health/ready', { schema: { summary: 'Requests can be served' } }, async () => {
    await ready();
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
