import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { createCallMetrics } from '../../../src/server/databricks/call-metrics.ts';
import { StoreUnavailable } from '../../../src/server/duty/interruption.ts';
import { measureWaiting } from '../../../src/server/http/waiting-metrics.ts';
import { openStore } from '../store/open-store.ts';
import { databases } from '../store/test-database.ts';

describe.each(databases)('Prometheus, on %s,', (database) => {
  test('is told what waits, and for how long', async () => {
    let now = Date.parse('2026-01-01T00:00:00.000Z');
    const { stores } = await openStore(database, () => new Date(now));
    const registry = new Registry();
    measureWaiting(registry, stores, () => new Date(now));
    const told = async () =>
      (await registry.metrics())
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => line.replace('gitea_databricks_', ''));
    expect(await told()).toEqual([
      'outbox_messages{state="pending"} 0',
      'outbox_messages{state="parked"} 0',
      'outbox_oldest_pending_seconds 0',
      'deliveries_waiting 0',
      'deliveries_oldest_waiting_seconds 0',
    ]);
    for (const pull of [1, 2, 3]) {
      await stores.outbox.enqueue({
        topic: 'report',
        key: `report:1:${pull}`,
        payload: { repository: 1, pull },
      });
      await stores.deliveries.add({
        uuid: `uuid-${pull}`,
        event: 'push',
        eventType: 'push',
        repositoryId: 1,
        contentKey: `key-${pull}`,
        body: '{}',
        receivedAt: new Date(now).toISOString(),
      });
      now += 60_000;
    }
    const at = new Date(now).toISOString();
    const [first] = await stores.outbox.due(at, 10);
    await stores.outbox.park(first!.id, at, 'refused');
    const [delivery] = await stores.deliveries.due(1, at, 10);
    await stores.deliveries.processed(delivery!.id, 'done', at);
    expect(await told()).toEqual([
      'outbox_messages{state="pending"} 2',
      'outbox_messages{state="parked"} 1',
      'outbox_oldest_pending_seconds 120',
      'deliveries_waiting 2',
      'deliveries_oldest_waiting_seconds 120',
    ]);
  });

  test('is told all else while the store cannot be read, and what waits as soon as it can', async () => {
    const { stores } = await openStore(database);
    let full = true;
    const unavailable = <T>(read: () => Promise<T>) => {
      if (full) throw new StoreUnavailable('its disk is full', { cause: null });
      return read();
    };
    const registry = new Registry();
    measureWaiting(
      registry,
      {
        outbox: {
          counts: async () => await unavailable(() => stores.outbox.counts()),
          oldestPending: async () => await unavailable(() => stores.outbox.oldestPending()),
        },
        deliveries: { counts: async () => await unavailable(() => stores.deliveries.counts()) },
      },
      () => new Date(),
    );
    createCallMetrics(registry)('main').turned?.(true);
    const told = async () =>
      (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const breaker = 'gitea_databricks_workspace_circuit_open{workspace="main"} 1';
    expect(await told()).toEqual([breaker]);
    full = false;
    expect(await told()).toHaveLength(6);
    full = true;
    expect(await told()).toEqual([breaker]);
  });
});
