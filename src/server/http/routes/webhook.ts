import { Buckets } from '../../webhook/buckets.ts';
import type { WebhookIntake } from '../../webhook/intake.ts';
import type { App } from '../application.ts';
import { ProblemError } from '../problem.ts';
import { defaultRateLimits } from '../rate-limits.ts';

const oneMebibyte = 1024 * 1024;

function header(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : '';
}

/**
 * `POST webhooks/gitea`, directly under the public URL. The body is read as bytes, at most 1 MiB (counted while
 * it streams), for the signature covers bytes; nothing is parsed before it is verified.
 * 202: stored, already known, or of no concern. It is acted upon afterwards.
 */
export function webhookRoutes(app: App, services: { intake: WebhookIntake; forgedLimit?: number }): void {
  const forgeries = new Buckets(services.forgedLimit ?? defaultRateLimits.forged);
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer', bodyLimit: oneMebibyte },
      (_request, body, done) => done(null, body),
    );
    // All deliveries come from one address, and Gitea never repeats one that was refused: what is verified is
    // limited by its repository, and only forgeries by their address.
    scope.post(
      '/webhooks/gitea',
      { bodyLimit: oneMebibyte, config: { rateLimit: false } },
      async (request, reply) => {
        const { headers } = request;
        const result = await services.intake.accept({
          body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
          event: header(headers['x-gitea-event']),
          eventType: header(headers['x-gitea-event-type']),
          uuid: header(headers['x-gitea-delivery']),
          signature: headers['x-gitea-signature'],
          requestId: request.id,
        });
        if (result.kind === 'forged') {
          const retryAfter = forgeries.take(request.ip);
          if (retryAfter !== null) {
            throw new ProblemError('too-many-requests', 'Too many deliveries with a wrong signature.', {
              retryAfter,
            });
          }
          throw new ProblemError(
            'signature-invalid',
            'X-Gitea-Signature does not match the body. Give the webhook in Gitea the secret of webhook_secret_file.',
          );
        }
        if (result.kind === 'too-many') {
          throw new ProblemError(
            'too-many-requests',
            'This repository sends too many deliveries. What changed is found by looking at the repository, within minutes.',
            { retryAfter: result.retryAfterSeconds },
          );
        }
        if (result.kind === 'malformed') throw new ProblemError('bad-request', result.reason);
        reply.code(202);
        return result;
      },
    );
  });
}
