import type { Registry } from 'prom-client';
import { Gauge } from 'prom-client';
import type { OutboxStore } from '../outbox/ports.ts';
import type { DeliveryStore } from '../webhook/ports.ts';

/** What waits in the store, for Prometheus: read whenever it asks, the same in every backend of the store. */
export function measureWaiting(
  registry: Registry,
  {
    outbox,
    deliveries,
  }: { outbox: Pick<OutboxStore, 'counts' | 'oldestPending'>; deliveries: Pick<DeliveryStore, 'counts'> },
  now: () => Date,
): void {
  const registers = [registry];
  const age = (since: string | null) =>
    since === null ? 0 : Math.max(0, now().getTime() - Date.parse(since)) / 1000;

  new Gauge({
    name: 'gitea_databricks_outbox_messages',
    help: 'Messages to Gitea and Databricks: pending ones go out by themselves, parked ones wait for an administrator.',
    labelNames: ['state'],
    registers,
    async collect() {
      const { pending, parked } = await outbox.counts();
      this.set({ state: 'pending' }, pending);
      this.set({ state: 'parked' }, parked);
    },
  });
  new Gauge({
    name: 'gitea_databricks_outbox_oldest_pending_seconds',
    help: 'Age of the oldest message that still must go out; 0 when there is none.',
    registers,
    async collect() {
      this.set(age(await outbox.oldestPending()));
    },
  });
  new Gauge({
    name: 'gitea_databricks_deliveries_waiting',
    help: 'Accepted webhook deliveries that were not acted upon yet.',
    registers,
    async collect() {
      this.set((await deliveries.counts()).waiting);
    },
  });
  new Gauge({
    name: 'gitea_databricks_deliveries_oldest_waiting_seconds',
    help: 'Age of the oldest delivery that was not acted upon yet; 0 when there is none.',
    registers,
    async collect() {
      this.set(age((await deliveries.counts()).oldest));
    },
  });
}
