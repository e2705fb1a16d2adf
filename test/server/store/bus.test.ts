import { sql } from 'kysely';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { PostgresConfiguration } from '../../../src/server/config/server-configuration.ts';
import type { Bus } from '../../../src/server/duty/bus.ts';
import { systemClock } from '../../../src/server/duty/clock.ts';
import { openServingStore } from '../../../src/server/store/serving-store.ts';
import { newDatabase } from './open-store.ts';
import type { DatabaseKind } from './test-database.ts';
import { databases } from './test-database.ts';

type Target = Awaited<ReturnType<typeof newDatabase>>;

/** A backend's bus, with what it has heard. */
async function listening(target: Target) {
  const failures: unknown[] = [];
  // Waiting is short: what is tested is what happens, not after how long.
  const clock = { ...systemClock, after: (ms: number, call: () => void) => systemClock.after(ms / 20, call) };
  const store = await openServingStore(target, { clock, failed: (error) => void failures.push(error) });
  onTestFinished(() => store.close());
  const heard: string[] = [];
  for (const topic of ['wake', 'change', 'lease'] as const) {
    store.bus.subscribe(topic, (payload) => void heard.push(`${topic} ${payload}`));
  }
  store.bus.onGap(() => void heard.push('gap'));
  return { ...store, heard, failures };
}

const wake = (bus: Bus, payload: string) => bus.publish({ topic: 'wake', payload });

describe.each(databases)('the bus of %s', (database: DatabaseKind) => {
  test('tells this process its own messages once, in order and at once', async () => {
    const { bus, heard } = await listening(await newDatabase(database));
    wake(bus, 'outbox');
    bus.publish({ topic: 'change', payload: '{"kind":"run"}' });
    wake(bus, 'outbox');
    const all = ['wake outbox', 'change {"kind":"run"}', 'wake outbox'];
    expect(heard).toEqual(all);
    await bus.close();
    expect(heard).toEqual(all);
  });

  test('does not tell whoever has stopped listening, and goes on after a listener that throws', async () => {
    const { bus, heard, failures } = await listening(await newDatabase(database));
    const first: string[] = [];
    bus.subscribe('wake', () => {
      throw new Error('no');
    });
    const stop = bus.subscribe('wake', (payload) => void first.push(payload));
    wake(bus, 'a');
    stop();
    wake(bus, 'b');
    expect(first).toEqual(['a']);
    expect(heard).toEqual(['wake a', 'wake b']);
    expect(failures).toHaveLength(2);
  });
});

describe('the bus of two replicas', () => {
  const both = async () => {
    const target = await newDatabase('PostgreSQL');
    return { target, one: await listening(target), other: await listening(target) };
  };

  /** Ends the connections that listen, as a network does. */
  const cutOff = async (store: Awaited<ReturnType<typeof listening>>) =>
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and (query like 'listen %' or query = 'select 1')`.execute(
      store.db,
    );

  test('tells the other one each message once', async () => {
    const { one, other } = await both();
    wake(one.bus, 'outbox');
    one.bus.publish({ topic: 'lease', payload: 'workspace:main' });
    wake(other.bus, 'deliveries');
    const each = ['wake outbox', 'lease workspace:main', 'wake deliveries'];
    for (const { heard } of [one, other]) {
      await vi.waitFor(() => expect([...heard].sort()).toEqual([...each].sort()));
    }
    // Anything that came twice would have come before this.
    wake(one.bus, 'last');
    await vi.waitFor(() => expect(other.heard).toContain('wake last'));
    expect(other.heard).toHaveLength(4);
    expect(one.heard).toHaveLength(4);
  });

  test('says that messages may be lost after the connection was, and then tells them again', async () => {
    const { one, other } = await both();
    await cutOff(one);
    await vi.waitFor(() => {
      expect(one.heard).toContain('gap');
      expect(other.heard).toContain('gap');
    }, 10_000);
    wake(one.bus, 'outbox');
    await vi.waitFor(() => expect(other.heard).toContain('wake outbox'));
    expect(one.heard.filter((line) => line === 'wake outbox')).toHaveLength(1);
  });

  test('tells what is too long for PostgreSQL as a gap', async () => {
    const { one, other } = await both();
    const long = 'ü'.repeat(4_000);
    one.bus.publish({ topic: 'change', payload: long });
    await vi.waitFor(() => expect(other.heard).toEqual(['gap']));
    expect(one.heard).toEqual([`change ${long}`]);
  });

  test('keeps what cannot be sent from the publisher, and makes it good later', async () => {
    const { target, one, other } = await both();
    const { database } = target as PostgresConfiguration;
    // New connections are refused, and the old ones cut off: nobody can be told anything.
    const admin = await listening(await newDatabase('PostgreSQL'));
    await sql`alter database ${sql.id(database)} allow_connections false`.execute(admin.db);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${database}`.execute(
      admin.db,
    );
    wake(one.bus, 'outbox');
    expect(one.heard).toEqual(['wake outbox']);
    await vi.waitFor(() => expect(one.failures.length).toBeGreaterThan(1), 10_000);
    await sql`alter database ${sql.id(database)} allow_connections true`.execute(admin.db);
    await vi.waitFor(() => expect(other.heard).toContain('gap'), 10_000);
    expect(one.heard.filter((line) => line === 'wake outbox')).toHaveLength(1);
  });
});
