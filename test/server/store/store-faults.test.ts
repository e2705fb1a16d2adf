import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fastify from 'fastify';
import { sql } from 'kysely';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { PostgresConfiguration } from '../../../src/server/config/server-configuration.ts';
import type { App } from '../../../src/server/http/application.ts';
import { handleError } from '../../../src/server/http/error-handler.ts';
import { webhookRoutes } from '../../../src/server/http/routes/webhook.ts';
import { createWebhookIntake } from '../../../src/server/webhook/intake.ts';
import { newDatabase, openStore, openTarget } from './open-store.ts';
import type { DatabaseKind } from './test-database.ts';
import { databases } from './test-database.ts';

const recording = new URL('../../fixtures/gitea/webhooks/push-default-branch', import.meta.url);
const headers = JSON.parse(readFileSync(`${recording.pathname}.headers.json`, 'utf8')) as Record<
  string,
  string
>;
const body = readFileSync(`${recording.pathname}.body.json`, 'utf8');

type Store = Awaited<ReturnType<typeof openTarget>>;

/** The webhook's route over a store. */
function receiver({ transactor, db }: Store) {
  const app = fastify() as unknown as App;
  app.setErrorHandler(handleError);
  webhookRoutes(app, {
    intake: createWebhookIntake({ secret: 'webhook-secret', transactor, wake: () => {} }),
  });
  onTestFinished(() => app.close());
  /** @param text for a delivery of its own */
  const post = (text = body) =>
    app.inject({
      method: 'POST',
      url: '/webhooks/gitea',
      headers: {
        ...headers,
        ...(text === body
          ? {}
          : { 'X-Gitea-Delivery': createHmac('sha256', 'u').update(text).digest('hex') }),
        'X-Gitea-Signature': createHmac('sha256', 'webhook-secret').update(text).digest('hex'),
      },
      payload: text,
    });
  const stored = async () => (await db.selectFrom('deliveries').select('id').execute()).length;
  const audited = async () => (await db.selectFrom('audit').select('sequence').execute()).length;
  return { post, stored, audited };
}

/** Ways in which a store fails, and how each ends. */
const faults: Record<string, [DatabaseKind, (store: Store) => Promise<() => Promise<unknown>>]> = {
  'the disk of SQLite is full': [
    'SQLite',
    async ({ db }) => {
      const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(db);
      // The file may grow no more: SQLite says what it says on a full disk (13).
      await sql`pragma max_page_count = ${sql.raw(String(rows[0]?.page_count))}`.execute(db);
      return () => sql`pragma max_page_count = 1000000`.execute(db);
    },
  ],
  'SQLite may not write': [
    'SQLite',
    async ({ db }) => {
      await sql`pragma query_only = on`.execute(db);
      return () => sql`pragma query_only = off`.execute(db);
    },
  ],
  'another process keeps SQLite locked': [
    'SQLite',
    async ({ db, target }) => {
      await sql`pragma busy_timeout = 0`.execute(db);
      const other = await openTarget(target);
      await sql`begin immediate`.execute(other.db);
      return () => sql`rollback`.execute(other.db);
    },
  ],
  ...Object.fromEntries(
    Object.entries({ 'disk is full': '53100', 'memory is full': '53200', 'server shuts down': '57P01' }).map(
      ([name, code]): [string, (typeof faults)[string]] => [
        `PostgreSQL says that its ${name}`,
        [
          'PostgreSQL',
          async ({ db }) => {
            await sql`create function refuse() returns trigger language plpgsql as ${sql.lit(
              `begin raise exception 'no' using errcode = '${code}'; end`,
            )}`.execute(db);
            await sql`create trigger refuse before insert on deliveries execute function refuse()`.execute(
              db,
            );
            return () => sql`drop trigger refuse on deliveries`.execute(db);
          },
        ],
      ],
    ),
  ),
  'PostgreSQL takes no connections, and has ended those that there were': [
    'PostgreSQL',
    async ({ target }) => {
      const { database } = target as PostgresConfiguration;
      const admin = await openStore('PostgreSQL');
      await sql`alter database ${sql.id(database)} allow_connections false`.execute(admin.db);
      await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${database}`.execute(
        admin.db,
      );
      return () => sql`alter database ${sql.id(database)} allow_connections true`.execute(admin.db);
    },
  ],
};

/** SQLite keeps some room in its file: filled before what must not fit. */
async function fill(post: (text: string) => Promise<{ statusCode: number }>): Promise<number> {
  for (let number = 0; number < 200; number += 1) {
    const push = { ...JSON.parse(body), after: (number + 1).toString(16).padStart(40, '0') };
    if ((await post(JSON.stringify(push))).statusCode !== 202) return number;
  }
  throw new Error('the store never failed');
}

describe.each(Object.entries(faults))('while %s', (_, [database, begin]) => {
  test('a delivery is answered 503, never 2xx, and accepted once when it comes again', async () => {
    const store = await openStore(database);
    const { post, stored, audited } = receiver(store);
    const end = await begin(store);
    const before = await fill(post);
    for (const attempt of [1, 2]) {
      const answer = await post();
      expect(answer.statusCode, `attempt ${attempt}`).toBe(503);
      expect(answer.headers['retry-after']).toBe('5');
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(answer.json()).toMatchObject({ code: 'store-unavailable', status: 503 });
    }
    await end();
    expect(await stored()).toBe(before);
    expect((await post()).json()).toEqual({ kind: 'stored' });
    expect((await post()).json()).toEqual({ kind: 'known' });
    expect(await stored()).toBe(before + 1);
    expect(await audited()).toBe(before + 1);
  });
});

test('what is wrong in a statement is not told as the store’s fault', async () => {
  for (const database of databases) {
    const { db } = await openStore(database);
    await expect(sql`select nothing from nowhere`.execute(db)).rejects.not.toMatchObject({
      name: 'StoreUnavailable',
    });
    const row = { workspace: 'main', state: 'ok', since: '', last_ok_at: null, last_error: null };
    await db.insertInto('connections').values(row).execute();
    await expect(db.insertInto('connections').values(row).execute()).rejects.not.toMatchObject({
      name: 'StoreUnavailable',
    });
  }
});

test('the same delivery that two replicas get at once is stored by one of them', async () => {
  const target = await newDatabase('PostgreSQL');
  const replicas = [receiver(await openTarget(target)), receiver(await openTarget(target))];
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => replicas[n % 2]!.post()));
  expect(answers.filter((answer) => answer.json().kind === 'stored')).toHaveLength(1);
  expect(answers.filter((answer) => answer.json().kind === 'known')).toHaveLength(19);
  expect(await replicas[0]!.stored()).toBe(1);
  expect(await replicas[1]!.audited()).toBe(1);
});
