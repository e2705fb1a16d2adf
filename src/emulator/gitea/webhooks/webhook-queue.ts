import { randomUUID } from 'node:crypto';
import type { ForgeLog } from '../forge-log.ts';
import type { Release } from '../release.ts';
import type { DeliveryRow, HookRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { deliveryHeaders } from './delivery-headers.ts';
import { postDelivery } from './post-delivery.ts';

/** Sends recorded deliveries, one attempt each, after the action that caused them has ended. */
export interface WebhookQueue {
  /** Records a delivery and sends it soon. `body` holds the exact bytes. */
  enqueue(hook: HookRow, event: string, eventType: string, body: string): DeliveryRow;
  /** Sends a delivery's body again under a new UUID. */
  redeliver(delivery: DeliveryRow): DeliveryRow;
  /** Sends what a crash left unsent. */
  resume(): void;
  /** Resolves when nothing waits or is on its way. */
  idle(): Promise<void>;
  /** Stops sending; what is on its way is aborted. */
  close(): Promise<void>;
}

/** Makes the queue; deliveries of one hook leave in order. */
export function openWebhookQueue(
  store: Store,
  release: Release,
  log: ForgeLog,
  now: () => number,
): WebhookQueue {
  const chains = new Map<number, Promise<void>>();
  const stop = new AbortController();

  const send = async (deliveryId: number): Promise<void> => {
    if (stop.signal.aborted) return;
    const delivery = store.deliveries.get(deliveryId);
    const hook = delivery === undefined ? undefined : store.hooks.get(delivery.hookId);
    if (delivery === undefined || hook === undefined) return;
    const outcome = await postDelivery(hook, delivery, stop.signal);
    if (stop.signal.aborted) return;
    store.deliveries.update(delivery.id, { ...outcome, isDelivered: true, delivered: now() });
    log.info(`webhook ${hook.id} ${delivery.eventType}: ${outcome.responseStatus || outcome.responseBody}`);
  };
  const schedule = (delivery: DeliveryRow) => {
    const before = chains.get(delivery.hookId) ?? Promise.resolve();
    const chain = before
      .then(() => new Promise((resolve) => setImmediate(resolve)))
      .then(() => send(delivery.id))
      .catch((error: unknown) => log.error(`webhook delivery ${delivery.id}: ${String(error)}`))
      .finally(() => {
        if (chains.get(delivery.hookId) === chain) chains.delete(delivery.hookId);
      });
    chains.set(delivery.hookId, chain);
  };
  const enqueue: WebhookQueue['enqueue'] = (hook, event, eventType, body) => {
    const uuid = randomUUID();
    const delivery = store.deliveries.insert({
      hookId: hook.id,
      uuid,
      event,
      eventType,
      body,
      requestHeaders: deliveryHeaders(hook, { uuid, event, eventType, body }, release),
      isDelivered: false,
      isSucceeded: false,
      responseStatus: 0,
      responseBody: '',
      created: now(),
      delivered: null,
    });
    schedule(delivery);
    return delivery;
  };

  return {
    enqueue,
    redeliver(delivery) {
      const hook = store.hooks.get(delivery.hookId);
      if (hook === undefined) throw new Error(`hook ${delivery.hookId} does not exist any more`);
      return enqueue(hook, delivery.event, delivery.eventType, delivery.body);
    },
    resume() {
      for (const delivery of store.deliveries.list({ isDelivered: false })) schedule(delivery);
    },
    async idle() {
      while (chains.size > 0) await Promise.all(chains.values());
    },
    async close() {
      stop.abort();
      await Promise.all(chains.values());
    },
  };
}
