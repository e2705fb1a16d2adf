import { createHmac } from 'node:crypto';
import type { Release } from '../release.ts';
import type { HookRow } from '../store/rows.ts';

export interface SignedDelivery {
  uuid: string;
  event: string;
  eventType: string;
  /** The exact bytes that are sent. */
  body: string;
}

/** The headers Gitea sends with a delivery. Without a secret the signatures are present and hold no digest. */
export function deliveryHeaders(
  hook: HookRow,
  delivery: SignedDelivery,
  release: Release,
): Record<string, string> {
  const sign = (algorithm: string) =>
    hook.secret === '' ? '' : createHmac(algorithm, hook.secret).update(delivery.body).digest('hex');
  const sha256 = sign('sha256');
  const sha1 = sign('sha1');
  const target = hook.repositoryId === null ? 'system' : 'repository';
  return {
    'User-Agent': 'Go-http-client/1.1',
    'Content-Type': 'application/json',
    'X-GitHub-Delivery': delivery.uuid,
    'X-GitHub-Event': delivery.event,
    'X-GitHub-Event-Type': delivery.eventType,
    ...(release.hookTargetType ? { 'X-GitHub-Hook-Installation-Target-Type': target } : {}),
    ...(release.forgejoHeaders ? forgejoHeaders(delivery, sha256) : {}),
    'X-Gitea-Delivery': delivery.uuid,
    'X-Gitea-Event': delivery.event,
    'X-Gitea-Event-Type': delivery.eventType,
    ...(release.hookTargetType ? { 'X-Gitea-Hook-Installation-Target-Type': target } : {}),
    'X-Gitea-Signature': sha256,
    'X-Gogs-Delivery': delivery.uuid,
    'X-Gogs-Event': delivery.event,
    'X-Gogs-Event-Type': delivery.eventType,
    'X-Gogs-Signature': sha256,
    'X-Hub-Signature': `sha1=${sha1}`,
    'X-Hub-Signature-256': `sha256=${sha256}`,
    ...(hook.authorizationHeader === '' ? {} : { Authorization: hook.authorizationHeader }),
  };
}

function forgejoHeaders(delivery: SignedDelivery, signature: string): Record<string, string> {
  return {
    'X-Forgejo-Delivery': delivery.uuid,
    'X-Forgejo-Event': delivery.event,
    'X-Forgejo-Event-Type': delivery.eventType,
    'X-Forgejo-Signature': signature,
  };
}
