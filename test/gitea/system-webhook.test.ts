/** One webhook for all repositories, as docs/configuration.md recommends it to site administrators. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/server/store/database.ts';
import { createStores } from '../../src/server/store/stores.ts';
import { createTransactor } from '../../src/server/store/transactor.ts';
import type { IntakeResult } from '../../src/server/webhook/intake.ts';
import { createWebhookIntake } from '../../src/server/webhook/intake.ts';
import { api, createPerson, createRepository, openPull } from './gitea-api.ts';

const secret = 'the secret of the system webhook';

interface Received {
  headers: Record<string, string | undefined>;
  body: Buffer;
}

const received: Received[] = [];
const receiver = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    received.push({ headers: request.headers as Received['headers'], body: Buffer.concat(chunks) });
    response.writeHead(204).end();
  });
});
let database: Awaited<ReturnType<typeof openDatabase>>;
let hook: number;

beforeAll(async () => {
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { port } = receiver.address() as { port: number };
  database = await openDatabase(':memory:');
  const made = await api('ada', 'POST', 'admin/hooks', {
    type: 'gitea',
    active: true,
    branch_filter: '*',
    events: ['push', 'pull_request'],
    config: {
      url: `http://127.0.0.1:${port}/`,
      content_type: 'json',
      secret,
      is_system_webhook: 'true',
    },
  });
  hook = made.id;
});
afterAll(async () => {
  if (hook) await api('ada', 'DELETE', `admin/hooks/${hook}`);
  receiver.close();
  await database?.destroy();
});

/** What our intake says to a delivery, exactly as it came. */
function take({ headers, body }: Received, key = secret): Promise<IntakeResult> {
  const transactor = createTransactor(database, createStores);
  return createWebhookIntake({ secret: key, transactor, wake: () => {} }).accept({
    body,
    event: headers['x-gitea-event'] ?? '',
    eventType: headers['x-gitea-event-type'] ?? '',
    uuid: headers['x-gitea-delivery'] ?? '',
    signature: headers['x-gitea-signature'],
    requestId: 'test',
  });
}

const about = (fullName: string, event: string) =>
  received.filter(
    ({ headers, body }) =>
      headers['x-gitea-event'] === event && JSON.parse(body.toString()).repository.full_name === fullName,
  );

test('its deliveries come from repositories that are made later, private ones of other people too', async () => {
  await createPerson('later');
  await api('later', 'POST', 'user/repos', {
    name: 'own',
    private: true,
    auto_init: true,
    default_branch: 'main',
  });
  await api('ada', 'POST', 'orgs', { username: 'later-org', visibility: 'private' });
  await createRepository('later-org/model');
  await openPull('later', 'later/own', 'first');
  await openPull('ada', 'later-org/model', 'second');

  for (const fullName of ['later/own', 'later-org/model']) {
    await expect.poll(() => about(fullName, 'push').length, { timeout: 30_000 }).toBeGreaterThan(0);
    await expect.poll(() => about(fullName, 'pull_request').length, { timeout: 30_000 }).toBeGreaterThan(0);
  }
});

test('our intake accepts each of them by its signature, once, and none with another secret or a changed byte', async () => {
  const deliveries = [...about('later/own', 'push'), ...about('later/own', 'pull_request')];
  for (const delivery of deliveries) {
    const changed = Buffer.from(delivery.body);
    changed[changed.length - 2]! ^= 1;
    expect(await take({ ...delivery, body: changed })).toEqual({ kind: 'forged' });
    expect(await take(delivery, 'another secret')).toEqual({ kind: 'forged' });
    expect(await take({ ...delivery, headers: { ...delivery.headers, 'x-gitea-signature': '' } })).toEqual({
      kind: 'forged',
    });
    expect(await take(delivery)).toEqual({ kind: 'stored' });
    expect(await take(delivery)).toEqual({ kind: 'known' });
  }
  expect(deliveries.length).toBeGreaterThan(1);
});
