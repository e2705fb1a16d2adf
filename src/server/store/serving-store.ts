import type { Kysely } from 'kysely';
import type { Bus } from '../duty/bus.ts';
import { createLocalBus } from '../duty/bus.ts';
import type { Clock } from '../duty/clock.ts';
import { systemClock } from '../duty/clock.ts';
import type { LeaseStore } from '../duty/lease.ts';
import type { DatabaseTarget } from './database.ts';
import { openDatabase } from './database.ts';
import { createLeaseStore } from './lease-store.ts';
import { createPostgresBus } from './postgres-bus.ts';
import type { Schema } from './schema.ts';
import { takeServingLock } from './serving-lock.ts';

/** The store as a backend has it while it serves. */
export interface ServingStore {
  db: Kysely<Schema>;
  leases: LeaseStore;
  bus: Bus;
  close(): Promise<void>;
}

/**
 * Opens the store for serving: SQLite for this process alone, and looked through for damage; PostgreSQL together with
 * other replicas.
 *
 * @param failed told what went wrong in the background (a lost connection, a listener that threw)
 * @throws when it cannot be used, or another process serves the SQLite file
 */
export async function openServingStore(
  target: DatabaseTarget,
  { failed, clock = systemClock }: { failed: (error: unknown) => void; clock?: Clock },
): Promise<ServingStore> {
  if (typeof target !== 'string') {
    const db = await openDatabase(target);
    try {
      const bus = await createPostgresBus({ configuration: target, db, clock, failed });
      const close = async () => {
        await bus.close();
        await db.destroy();
      };
      return { db, leases: createLeaseStore(db), bus, close };
    } catch (error) {
      await db.destroy();
      throw error;
    }
  }
  const lock = target === ':memory:' ? null : takeServingLock(target, 'cannot be served');
  try {
    const db = await openDatabase(target, { check: true });
    const bus = createLocalBus(failed);
    const close = async () => {
      await db.destroy();
      lock?.release();
    };
    return { db, leases: createLeaseStore(db), bus, close };
  } catch (error) {
    lock?.release();
    throw error;
  }
}
