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
  const age = (since: string | null) =>
    since === null ? 0 : Math.max(0, now().getTime() - Date.parse(since)) / 1000;

  gaugeOf(registry, {
    name: 'gitea_databricks_outbox_messages',
    help: 'Messages to Gitea and Databricks: pending ones go out by themselves, parked ones wait for an administrator.',
    labelNames: ['state'],
    async read() {
      const { pending, parked } = await outbox.counts();
      return [
        [pending, { state: 'pending' }],
        [parked, { state: 'parked' }],
      ];
    },
  });
  gaugeOf(registry, {
    name: 'gitea_databricks_outbox_oldest_pending_seconds',
    help: 'Age of the oldest message that still must go out; 0 when there is none.',
    read: async () => [[age(await outbox.oldestPending()), {}]],
  });
  gaugeOf(registry, {
    name: 'gitea_databricks_deliveries_waiting',
    help: 'Accepted webhook deliveries that were not acted upon yet.',
    read: async () => [[(await deliveries.counts()).waiting, {}]],
  });
  gaugeOf(registry, {
    name: 'gitea_databricks_deliveries_oldest_waiting_seconds',
    help: 'Age of the oldest delivery that was not acted upon yet; 0 when there is none.',
    read: async () => [[age((await deliveries.counts()).oldest), {}]],
  });
}

interface Read {
  name: string;
  help: string;
  labelNames?: readonly string[];
  /** Values with their labels. */
  read: () => Promise<[number, Record<string, string>][]>;
}

/** While the store cannot be read the gauge has no value, neither an old one nor 0; all others are told as ever. */
function gaugeOf(registry: Registry, { name, help, labelNames = [], read }: Read): void {
  new Gauge({
    name,
    help,
    labelNames,
    registers: [registry],
    async collect() {
      const values = await read().catch(() => []);
      this.reset();
      // Without labels there is a 0 after that.
      if (labelNames.length === 0) this.remove();
      for (const [value, labels] of values) this.set(labels, value);
    },
  });
}
