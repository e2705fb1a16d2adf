/** Hazards 1 to 3: forged signatures in every form, and bodies that are made to hurt. Everything over loopback. */
import { createHmac } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signatureIsValid } from '../../src/server/webhook/signature.ts';
import { startWholeBackend } from '../server/all-rooms.ts';

const secret = 'webhook-secret';
const push = JSON.stringify({
  ref: 'refs/heads/main',
  before: '0'.repeat(40),
  after: 'a'.repeat(40),
  repository: { id: 1 },
});
const sign = (body: string | Buffer, key = secret, algorithm = 'sha256') =>
  createHmac(algorithm, key).update(body).digest('hex');

let backend: Awaited<ReturnType<typeof startWholeBackend>>;
let port: number;

beforeAll(async () => {
  backend = await startWholeBackend({ rateLimits: { forged: 100_000 }, requestTimeout: 1_500 });
  await backend.app.listen({ port: 0, host: '127.0.0.1' });
  port = (backend.app.server.address() as AddressInfo).port;
}, 60_000);

afterAll(() => backend.close());

const head = (headers: string[]) =>
  [
    `POST ${backend.base}webhooks/gitea HTTP/1.1`,
    'Host: localhost',
    'Content-Type: application/json',
    'X-Gitea-Event: push',
    'X-Gitea-Event-Type: push',
    'X-Gitea-Delivery: 11111111-1111-4111-8111-111111111111',
    ...headers,
    '\r\n',
  ].join('\r\n');

/** A connection, and what comes back on it until it is closed. */
function open(): { socket: Socket; answer: Promise<string>; answered: () => boolean } {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (data) => {
    text += data;
  });
  const answer = new Promise<string>((resolve) => {
    socket.on('close', () => resolve(text)).on('error', () => resolve(text));
  });
  return { socket, answer, answered: () => text !== '' };
}

async function send(headers: string[], body: string): Promise<string> {
  const { socket, answer } = open();
  socket.write(
    `${head([...headers, `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close'])}${body}`,
  );
  return await answer;
}

async function alive(): Promise<void> {
  const answer = await backend.app.inject(`${backend.base}health/live`);
  expect(answer.json()).toEqual({ status: 'live' });
}

async function stored(): Promise<number> {
  return (await backend.transactor.stores.deliveries.waiting('9999')).length;
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

describe('a signature', () => {
  const raw = Buffer.from(push);

  test('of any length from 0 to 1000, of any characters, is refused without a fault', () => {
    for (let length = 0; length <= 1_000; length += 1) {
      for (const character of ['a', '0', 'z', 'é', '\u0000']) {
        expect(signatureIsValid(secret, raw, character.repeat(length))).toBe(false);
      }
      // The right one, cut or lengthened.
      const near = sign(push).repeat(16).slice(0, length);
      expect(signatureIsValid(secret, raw, near)).toBe(length === 64);
    }
  });

  test('is the right one or refused, whatever it is made of', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 200, unit: 'binary' }),
          fc.stringMatching(/^[0-9a-fA-F]{60,68}$/),
          fc.array(fc.string(), { maxLength: 3 }),
        ),
        (header) => signatureIsValid(secret, raw, header) === false,
      ),
      { numRuns: 2_000 },
    );
    expect(signatureIsValid('', raw, sign(push, ''))).toBe(false);
  });

  test.each([
    ['none', []],
    ['an empty one, as of a hook without a secret', ['X-Gitea-Signature: ']],
    ['one with an empty key', [`X-Gitea-Signature: ${sign(push, '')}`]],
    ['SHA-1 only', [`X-Hub-Signature: sha1=${sign(push, secret, 'sha1')}`]],
    ['SHA-1 in its place', [`X-Gitea-Signature: ${sign(push, secret, 'sha1')}`]],
    ['the right one under another name', [`X-Hub-Signature-256: sha256=${sign(push)}`]],
    ['the right one twice', [`X-Gitea-Signature: ${sign(push)}`, `X-Gitea-Signature: ${sign(push)}`]],
    ['a wrong one after the right one', [`X-Gitea-Signature: ${sign(push)}`, 'X-Gitea-Signature: 00']],
    ['the right one after a wrong one', ['X-Gitea-Signature: 00', `X-Gitea-Signature: ${sign(push)}`]],
    ['no hexadecimal', [`X-Gitea-Signature: ${'z'.repeat(64)}`]],
    ['Latin-1 bytes', [`X-Gitea-Signature: ${'\u00ff'.repeat(64)}`]],
  ])('that is %s gets 401 and leaves nothing', async (_name, headers) => {
    const answer = await send(headers, push);
    expect(statusOf(answer)).toBe(401);
    expect(answer).toContain('"code":"signature-invalid"');
    expect(await stored()).toBe(0);
  });
});

describe('a body', () => {
  test('is not parsed before its signature is known to be right', async () => {
    // A parser would answer these in another way, or take its time.
    for (const body of [
      'not json',
      '',
      `${'['.repeat(200_000)}`,
      `{"a":${'9'.repeat(500_000)}}`,
      '{"__proto__":1}',
    ]) {
      expect(statusOf(await send(['X-Gitea-Signature: 00'], body))).toBe(401);
    }
    await alive();
  });

  test.each([
    ['a depth bomb of arrays', `${'['.repeat(500_000)}${']'.repeat(500_000)}`],
    ['a depth bomb of objects', `${'{"a":'.repeat(150_000)}1${'}'.repeat(150_000)}`],
    ['a depth bomb within a push', push.replace('{"id":1}', `${'['.repeat(400_000)}${']'.repeat(400_000)}`)],
    ['a depth bomb that is cut off', '['.repeat(1_000_000)],
    ['no object', '7'],
    ['null', 'null'],
    ['missing fields', '{"repository":{}}'],
    ['fields of other types', '{"repository":{"id":{}},"ref":[],"before":1,"after":null}'],
    ['ids that are none', '{"repository":{"id":1e400},"ref":"x","before":"y","after":"z"}'],
    ['prototype names', '{"__proto__":{"repository":{"id":1}},"constructor":{"prototype":{"id":1}}}'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]).toString('latin1')],
  ])('that is %s, rightly signed, is a bad request and the process lives', async (_name, body) => {
    const answer = await send([`X-Gitea-Signature: ${sign(body)}`], body);
    expect(statusOf(answer)).toBe(400);
    expect(answer).toContain('"code":"bad-request"');
    expect(await stored()).toBe(0);
    await alive();
  });

  test('of up to a gibibyte in chunks is cut at 1 MiB while it streams', async () => {
    const { socket, answer, answered } = open();
    const chunk = Buffer.alloc(64 * 1024, 'a');
    const frame = Buffer.concat([Buffer.from('10000\r\n'), chunk, Buffer.from('\r\n')]);
    socket.write(head(['Transfer-Encoding: chunked', `X-Gitea-Signature: ${sign(push)}`]));
    let sent = 0;
    const gibibyte = 1024 ** 3;
    while (!answered() && !socket.destroyed && sent < gibibyte) {
      const room = socket.write(frame);
      sent += chunk.length;
      if (!room) {
        await new Promise<void>((resolve) => {
          socket
            .once('drain', resolve)
            .once('close', () => resolve())
            .once('data', () => resolve());
        });
      }
    }
    socket.destroy();
    expect(statusOf(await answer)).toBe(413);
    // What the sockets' own buffers took beyond the limit; far from the gibibyte.
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    await alive();
  });

  test('that says it is larger than 1 MiB is refused before it is sent', async () => {
    const { socket, answer } = open();
    socket.write(
      head(['Content-Length: 1073741824', `X-Gitea-Signature: ${sign(push)}`, 'Connection: close']),
    );
    expect(statusOf(await answer)).toBe(413);
  });

  test('that trickles in is cut off when its time is over, and meanwhile others are answered', async () => {
    const { socket, answer } = open();
    socket.write(head(['Content-Length: 1000', `X-Gitea-Signature: ${sign(push)}`]));
    const trickle = setInterval(() => socket.write(' '), 20);
    await alive();
    const text = await answer;
    clearInterval(trickle);
    expect(statusOf(text)).toBe(408);
    expect(text).toMatch(/content-security-policy: default-src 'none'/);
    expect(text).toContain('application/problem+json');
  });

  test('of another type, or with no HTTP at all, is refused', async () => {
    const form = await backend.app.inject({
      method: 'POST',
      url: `${backend.base}webhooks/gitea`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'payload=1',
    });
    expect(form.statusCode).toBe(415);
    for (const text of ['garbage\r\n\r\n', `GET / HTTP/1.1\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`]) {
      const { socket, answer } = open();
      socket.write(text);
      const refused = await answer;
      expect([400, 431]).toContain(statusOf(refused));
      expect(refused).toContain('x-content-type-options: nosniff');
    }
    await alive();
  });
});
