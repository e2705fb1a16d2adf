import type { AuditLog } from '../audit/entry.ts';
import { reached } from '../duty/moments.ts';
import type { Transactor } from '../store/transactor.ts';
import { Buckets } from './buckets.ts';
import { decide } from './decide.ts';
import { contentKey, parseDelivery } from './delivery.ts';
import type { DeliveryStore } from './ports.ts';
import { signatureIsValid } from './signature.ts';

export interface IncomingWebhook {
  /** Exactly as received: the signature covers these bytes. */
  body: Uint8Array;
  event: string;
  eventType: string;
  uuid: string;
  signature: string | string[] | undefined;
  requestId: string;
}

export type IntakeResult =
  | { kind: 'stored' }
  | { kind: 'known' }
  | { kind: 'ignored'; reason: string }
  | { kind: 'forged' }
  /** The repository sends too many. */
  | { kind: 'too-many'; retryAfterSeconds: number }
  | { kind: 'malformed'; reason: string };

export interface WebhookIntake {
  accept(webhook: IncomingWebhook): Promise<IntakeResult>;
}

/**
 * Verifies first, parses then, and stores the delivery with its audit entry in one transaction before it is
 * acknowledged. @param wake called after the commit
 */
export function createWebhookIntake(options: {
  secret: string;
  transactor: Transactor<{ deliveries: DeliveryStore; audit: AuditLog }>;
  wake: () => void;
  /** Per minute and repository. */
  limit?: number;
  clock?: () => Date;
}): WebhookIntake {
  const repositories = new Buckets(options.limit ?? Number.MAX_SAFE_INTEGER);
  const now = options.clock ?? (() => new Date());
  return {
    async accept({ body, event, eventType, uuid, signature, requestId }) {
      if (!signatureIsValid(options.secret, body, signature)) return { kind: 'forged' };
      const text = Buffer.from(body).toString('utf8');
      let payload: unknown;
      try {
        payload = JSON.parse(text);
      } catch {
        return {
          kind: 'malformed',
          reason: 'The body is no JSON. Set the webhook’s content type to application/json.',
        };
      }
      if (event === '' || uuid === '') {
        return { kind: 'malformed', reason: 'X-Gitea-Event or X-Gitea-Delivery is missing.' };
      }
      const delivery = parseDelivery(event, eventType, payload);
      if (!delivery)
        return { kind: 'malformed', reason: `A ${event} delivery lacks fields that Gitea sends.` };
      const intent = decide(delivery);
      if (intent.kind === 'ignore') return { kind: 'ignored', reason: intent.reason };
      const retryAfterSeconds = repositories.take(delivery.repositoryId);
      if (retryAfterSeconds !== null) return { kind: 'too-many', retryAfterSeconds };

      const stored = await options.transactor.transaction(async ({ deliveries, audit }) => {
        const isNew = await deliveries.add({
          uuid,
          event,
          eventType,
          repositoryId: delivery.repositoryId,
          contentKey: contentKey(delivery),
          body: text,
          receivedAt: now().toISOString(),
        });
        if (!isNew) return false;
        await audit.append({
          action: 'delivery.accepted',
          outcome: 'done',
          actor: { kind: 'webhook', name: 'gitea' },
          subject: `delivery ${uuid}`,
          repository: delivery.repositoryId,
          ref: delivery.push?.ref ?? null,
          commit: delivery.push?.after ?? delivery.pull?.head ?? null,
          pull: delivery.pull?.index ?? delivery.comment?.index ?? null,
          detail: {
            event,
            type: eventType,
            ...(delivery.pull && { action: delivery.pull.action }),
            ...(delivery.comment && { comment: delivery.comment.id }),
          },
          requestId,
        });
        reached('delivery.storing');
        return true;
      });
      if (!stored) return { kind: 'known' };
      reached('delivery.stored');
      options.wake();
      return { kind: 'stored' };
    },
  };
}
