import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import pg from 'pg';
import type { PostgresConfiguration } from '../config/server-configuration.ts';
import type { Bus, BusMessage } from '../duty/bus.ts';
import { createLocalBus } from '../duty/bus.ts';
import type { Clock } from '../duty/clock.ts';
import { pause } from '../duty/clock.ts';
import { clientConfig } from './postgres-dialect.ts';
import type { Schema } from './schema.ts';

const channel = 'gitea_databricks';
/** PostgreSQL takes less than 8,000 bytes (https://www.postgresql.org/docs/current/sql-notify.html). */
const longest = 7_900;
/** So many messages wait at most; more are told as a gap. */
const most = 1_000;
/** How often the listening connection is asked whether it still is one, milliseconds. */
const lookEvery = 15_000;

const growing = (attempt: number) => Math.min(10_000, 200 * 2 ** attempt);

export interface PostgresBusOptions {
  configuration: PostgresConfiguration;
  /** Messages go out by its pool. */
  db: Kysely<Schema>;
  clock: Clock;
  failed: (error: unknown) => void;
}

/**
 * The bus between the replicas of one PostgreSQL database. This process hears its own messages at once, whatever the
 * database does; the others by LISTEN, on a connection of its own. What cannot be sent, or is too long, is told as a
 * gap.
 *
 * @throws when the database cannot be listened to now; later losses are made good
 */
export async function createPostgresBus(options: PostgresBusOptions): Promise<Bus> {
  const { configuration, db, clock, failed } = options;
  const origin = randomBytes(9).toString('base64url');
  const gap = JSON.stringify([origin, 'gap', '']);
  const here = createLocalBus(failed);
  const gaps = new Set<() => void>();
  const closed = new AbortController();

  function tellGap(): void {
    for (const call of gaps) {
      try {
        call();
      } catch (error) {
        failed(error);
      }
    }
  }

  function hear(text: string | undefined): void {
    try {
      const [from, topic, payload] = JSON.parse(text ?? '') as [string, BusMessage['topic'] | 'gap', string];
      if (from === origin) return;
      if (topic === 'gap') tellGap();
      else here.publish({ topic, payload });
    } catch (error) {
      failed(error);
    }
  }

  async function listen(): Promise<pg.Client> {
    const client = new pg.Client({ ...clientConfig(configuration), query_timeout: 10_000 });
    client.on('error', () => {});
    client.on('notification', ({ payload }) => hear(payload));
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
      return client;
    } catch (error) {
      client.end().catch(() => {});
      throw error;
    }
  }

  /** Listens until the connection is lost, or the bus closed. */
  async function attend(client: pg.Client): Promise<void> {
    const lost = new AbortController();
    client.once('end', () => lost.abort());
    const over = AbortSignal.any([lost.signal, closed.signal]);
    while (!over.aborted) {
      await pause(clock, lookEvery, over);
      if (!over.aborted) await client.query('select 1').catch(() => lost.abort());
    }
    await client.end().catch(() => {});
  }

  async function listenForEver(first: pg.Client): Promise<void> {
    await attend(first);
    for (let attempt = 0; !closed.signal.aborted; attempt += 1) {
      await pause(clock, growing(attempt), closed.signal);
      if (closed.signal.aborted) return;
      try {
        const client = await listen();
        attempt = -1;
        tellGap();
        await attend(client);
      } catch (error) {
        failed(error);
      }
    }
  }

  const waiting = new Set<string>();
  let owesGap = false;
  let sending: Promise<void> | undefined;

  async function send(): Promise<void> {
    for (let attempt = 0; waiting.size > 0 || owesGap; ) {
      const batch = [...waiting, ...(owesGap ? [gap] : [])];
      waiting.clear();
      owesGap = false;
      try {
        await sql`select pg_notify(${channel}, message) from unnest(${batch}::text[]) as message`.execute(db);
        attempt = 0;
      } catch (error) {
        failed(error);
        if (closed.signal.aborted) return;
        owesGap = true;
        await pause(clock, growing(attempt), closed.signal);
        attempt += 1;
      }
    }
  }

  function wake(): void {
    sending ??= send().finally(() => {
      sending = undefined;
      // What came while the last answer was on its way.
      if (waiting.size > 0 && !closed.signal.aborted) wake();
    });
  }

  const listening = listenForEver(await listen());
  return {
    publish({ topic, payload }) {
      here.publish({ topic, payload });
      if (closed.signal.aborted) return;
      const text = JSON.stringify([origin, topic, payload]);
      if (Buffer.byteLength(text) > longest || waiting.size >= most) owesGap = true;
      else waiting.add(text);
      wake();
    },
    subscribe: here.subscribe,
    onGap(call) {
      gaps.add(call);
      return () => void gaps.delete(call);
    },
    async close() {
      closed.abort();
      await Promise.all([listening, sending]);
    },
  };
}
