import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import fastify from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { App } from '../../../src/server/http/application.ts';
import { handleError } from '../../../src/server/http/error-handler.ts';
import { webhookRoutes } from '../../../src/server/http/routes/webhook.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import { createStores } from '../../../src/server/store/stores.ts';
import { createTransactor } from '../../../src/server/store/transactor.ts';
import { createWebhookIntake } from '../../../src/server/webhook/intake.ts';
import { testDatabase } from '../store/test-database.ts';

const folder = new URL('../../fixtures/gitea/webhooks/', import.meta.url);
const recordings = readdirSync(folder)
  .filter((name) => name.endsWith('.body.json'))
  .map((name) => name.replace('.body.json', ''));

function recorded(name: string): { headers: Record<string, string>; body: Buffer } {
  return {
    headers: JSON.parse(readFileSync(new URL(`${name}.headers.json`, folder), 'utf8')),
    body: readFileSync(new URL(`${name}.body.json`, folder)),
  };
}

async function receiver() {
  const { target, drop } = await testDatabase();
  const db = await openDatabase(target);
  const transactor = createTransactor(db, createStores);
  let woken = 0;
  const intake = createWebhookIntake({
    secret: 'webhook-secret',
    transactor,
    wake: () => {
      woken += 1;
    },
  });
  const app = fastify({ forceCloseConnections: true }) as unknown as App;
  app.setErrorHandler(handleError);
  webhookRoutes(app, { intake });
  onTestFinished(async () => {
    await app.close();
    await db.destroy();
    await drop();
  });
  const stored = async () => await db.selectFrom('deliveries').selectAll().execute();
  const audited = async () => await db.selectFrom('audit').select('action').execute();
  const post = (headers: Record<string, string>, body: Buffer | string) =>
    app.inject({ method: 'POST', url: '/webhooks/gitea', headers, payload: body });
  return { app, post, stored, audited, woken: () => woken };
}

const sign = (body: Buffer | string, secret = 'webhook-secret') =>
  createHmac('sha256', secret).update(body).digest('hex');

describe('a recorded delivery of Gitea', () => {
  test.each(recordings)('%s is accepted byte for byte', async (name) => {
    const { post, stored } = await receiver();
    const { headers, body } = recorded(name);
    const answer = await post(headers, body);
    expect(answer.statusCode).toBe(202);
    const concerns =
      /^(push-(branch|default|merge|new)|pull_request-|pull_request_sync|pull_request_comment-created)/.test(
        name,
      );
    expect(await stored()).toHaveLength(concerns ? 1 : 0);
    if (concerns) {
      const [row] = await stored();
      expect(row).toMatchObject({ uuid: headers['X-Gitea-Delivery'], state: 'received' });
      expect(Buffer.from(row?.body ?? '')).toEqual(body);
    }
  });

  test('is stored with its audit entry before it is acknowledged, once', async () => {
    const { post, stored, audited, woken } = await receiver();
    const { headers, body } = recorded('push-default-branch');
    expect((await post(headers, body)).json()).toEqual({ kind: 'stored' });
    expect((await post(headers, body)).json()).toEqual({ kind: 'known' });
    const again = { ...headers, 'X-Gitea-Delivery': '00000000-0000-4000-8000-000000000000' };
    expect((await post(again, body)).json()).toEqual({ kind: 'known' });
    expect(await stored()).toHaveLength(1);
    expect(await audited()).toEqual([{ action: 'delivery.accepted' }]);
    expect(woken()).toBe(1);
  });
});

describe('a forged delivery', () => {
  const { headers, body } = recorded('push-default-branch');
  const signature = headers['X-Gitea-Signature'] ?? '';
  const forgeries: [string, string | undefined][] = [
    ['without a signature', undefined],
    ['with an empty one, as of a hook without a secret', ''],
    ['signed with an empty key', sign(body, '')],
    ['signed with another key', sign(body, 'other')],
    ['signed with SHA-1', createHmac('sha1', 'webhook-secret').update(body).digest('hex')],
    ['with a prefix', `sha256=${signature}`],
    ['with two signatures', `${signature}, ${signature}`],
    ['with one that is no hexadecimal', 'z'.repeat(64)],
    ['with one that is cut', signature.slice(0, 62)],
    ...[1, 63, 65, 128, 1000].map((length): [string, string] => [
      `with ${length} characters`,
      'a'.repeat(length),
    ]),
  ];

  test.each(forgeries)('%s is refused and leaves nothing', async (_name, wrong) => {
    const { post, stored, audited } = await receiver();
    const { 'X-Gitea-Signature': _, 'X-Hub-Signature': __, ...rest } = headers;
    const answer = await post({ ...rest, ...(wrong !== undefined && { 'X-Gitea-Signature': wrong }) }, body);
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ code: 'signature-invalid', status: 401 });
    expect(await stored()).toEqual([]);
    expect(await audited()).toEqual([]);
  });

  test('with one changed byte is refused', async () => {
    const { post } = await receiver();
    const changed = Buffer.from(body);
    changed[100] = changed[100]! ^ 1;
    expect((await post(headers, changed)).statusCode).toBe(401);
  });
});

describe('a body that is not what Gitea sends', () => {
  const signed = (body: string) => ({
    ...recorded('push-default-branch').headers,
    'X-Gitea-Signature': sign(body),
  });

  test.each([
    ['no JSON', 'not json'],
    ['no object', '[]'],
    ['no repository', '{}'],
    ['a repository without an id', '{"repository":{"id":"1"}}'],
    ['a push without a commit', '{"repository":{"id":1},"ref":"refs/heads/main"}'],
    ['a deep nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ])('%s is a bad request', async (_name, body) => {
    const { post, stored } = await receiver();
    const answer = await post(signed(body), body);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'bad-request' });
    expect(await stored()).toEqual([]);
  });

  test('another content type is refused', async () => {
    const { post } = await receiver();
    const { headers, body } = recorded('push-default-branch');
    const form = { ...headers, 'Content-Type': 'application/x-www-form-urlencoded' };
    expect((await post(form, body)).statusCode).toBe(415);
  });

  test('more than 1 MiB is refused while it streams, whatever it claims', async () => {
    const { app } = await receiver();
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (data) => {
      answer += data.toString();
    });
    const closed = new Promise((resolve) => socket.on('close', resolve).on('error', resolve));
    socket.write(
      'POST /webhooks/gitea HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = `10000\r\n${'a'.repeat(0x10000)}\r\n`;
    let sent = 0;
    while (answer === '' && sent < 4_096) {
      socket.write(chunk);
      sent += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.destroy();
    await closed;
    expect(answer).toContain(' 413 ');
    expect((await app.inject({ method: 'POST', url: '/webhooks/gitea' })).statusCode).toBeLessThan(500);
  });
});
