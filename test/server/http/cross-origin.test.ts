import { Writable } from 'node:stream';
import { Type } from 'typebox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApp } from '../../../src/server/http/app.ts';
import type { App } from '../../../src/server/http/application.ts';
import { createLog } from '../../../src/server/http/log.ts';
import { ProblemError } from '../../../src/server/http/problem.ts';
import { RefusedCallers } from '../../../src/server/http/refused-callers.ts';

let app: App;
const gitea = 'https://git.example.com';
const address = '/api/v1/thing';

beforeAll(async () => {
  const audit = { append: async () => {} };
  app = await createApp({
    publicUrl: 'https://databricks.example.com/',
    giteaUrl: `${gitea}/`,
    log: createLog('info', [], new Writable({ write: (_chunk, _encoding, done) => done() })),
    sessions: { viewer: async () => null },
    guard: {
      audit,
      access: {
        check: async () => {
          throw new ProblemError('not-found', 'nothing');
        },
        confirm: async () => {},
      },
    },
    refusedCallers: new RefusedCallers(audit, () => {}),
    api: [
      (api) => api.get('/thing', async () => ({ read: true })),
      (api) => api.post('/thing', { schema: { body: Type.Object({}) } }, async () => ({ changed: true })),
    ],
    root: [],
    furtherActs: {
      'GET api/v1/thing': { needs: 'nothing', does: 'try' },
      'POST api/v1/thing': { needs: 'nothing', does: 'try' },
    },
  });
});

afterAll(() => app.close());

test('on an origin of its own the backend lets pages of Gitea read and change, with cookies', async () => {
  const preflight = await app.inject({
    method: 'OPTIONS',
    url: address,
    headers: { origin: gitea, 'access-control-request-method': 'POST' },
  });
  expect(preflight.statusCode).toBe(204);
  expect(preflight.headers).toMatchObject({
    'access-control-allow-origin': gitea,
    'access-control-allow-credentials': 'true',
    'access-control-allow-headers': expect.stringContaining('x-gitea-user'),
  });
  const read = await app.inject({ url: address, headers: { origin: gitea } });
  expect(read.headers['access-control-allow-origin']).toBe(gitea);
  const changed = await app.inject({ method: 'POST', url: address, headers: { origin: gitea }, payload: {} });
  expect(changed.json()).toEqual({ changed: true });
});

test('other sites may neither read nor change', async () => {
  const origin = 'https://evil.example.com';
  for (const method of ['GET', 'OPTIONS', 'POST'] as const) {
    const answer = await app.inject({
      method,
      url: address,
      headers: { origin },
      payload: method === 'POST' ? {} : undefined,
    });
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    if (method === 'POST') expect(answer.statusCode).toBe(403);
  }
});

test('a wrong method is still told as one', async () => {
  const answer = await app.inject({ method: 'DELETE', url: address, headers: { origin: gitea } });
  expect(answer.statusCode).toBe(405);
  expect(answer.headers.allow).toBe('GET, HEAD, POST');
  expect((await app.inject('/api/v1/nothing')).statusCode).toBe(404);
});
