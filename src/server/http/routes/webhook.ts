import type { WebhookIntake } from '../../webhook/intake.ts';
import type { App } from '../application.ts';
import { ProblemError } from '../problem.ts';

const oneMebibyte = 1024 * 1024;

function header(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : '';
}

/**
 * `POST webhooks/gitea`, directly under the public URL. The body is read as bytes, at most 1 MiB (counted while
 * it streams), for the signature covers bytes; nothing is parsed before it is verified.
 * 202: stored, already known, or of no concern. It is acted upon afterwards.
 */
export function webhookRoutes(app: App, services: { intake: WebhookIntake }): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer', bodyLimit: oneMebibyte },
      (_request, body, done) => done(null, body),
    );
    // All deliveries come from one address, and Gitea never repeats one that was refused: a bucket of its own.
    const rateLimit = { max: 6_000, timeWindow: 60_000 };
    scope.post(
      '/webhooks/gitea',
      { bodyLimit: oneMebibyte, config: { rateLimit } },
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
          throw new ProblemError(
            'signature-invalid',
            'X-Gitea-Signature does not match the body. Give the webhook in Gitea the secret of webhook_secret_file.',
          );
        }
        if (result.kind === 'malformed') throw new ProblemError('bad-request', result.reason);
        reply.code(202);
        return result;
      },
    );
  });
}
