import { expect, test } from 'vitest';
import { createTokenCache } from '../../../src/server/identity/token-cache.ts';

/** Tokens t1, t2, … of a life in seconds; each waits until it is let go. */
function source(life: number) {
  const waiting: { give(): void; fail(): void }[] = [];
  let asked = 0;
  return {
    asked: () => asked,
    fresh: () => {
      asked += 1;
      const token = `t${asked}`;
      return new Promise<{ token: string; expiresInSeconds: number }>((resolve, reject) => {
        waiting.push({
          give: () => resolve({ token, expiresInSeconds: life }),
          fail: () => reject(new Error('refused')),
        });
      });
    },
    async next(what: 'give' | 'fail') {
      waiting.shift()?.[what]();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test('many who ask at once are one request; a failed one is not kept', async () => {
  const { fresh, asked, next } = source(3600);
  const cache = createTokenCache(() => 0);
  const failing = Promise.allSettled(Array.from({ length: 20 }, () => cache.get('a', fresh)));
  await next('fail');
  expect((await failing).every(({ status }) => status === 'rejected')).toBe(true);
  const all = Promise.all(Array.from({ length: 20 }, () => cache.get('a', fresh)));
  await next('give');
  expect(new Set(await all)).toEqual(new Set(['t2']));
  expect(asked()).toBe(2);
});

test('an hour’s token is renewed from its last 20 minutes on, in the background, and once', async () => {
  let at = 0;
  const { fresh, asked, next } = source(3600);
  const cache = createTokenCache(() => at);
  const first = cache.get('a', fresh);
  await next('give');
  expect(await first).toBe('t1');
  at = 40 * 60_000 - 1;
  expect(await cache.get('a', fresh)).toBe('t1');
  expect(asked()).toBe(1);
  at += 1;
  expect(await Promise.all([cache.get('a', fresh), cache.get('a', fresh)])).toEqual(['t1', 't1']);
  expect(asked()).toBe(2);
  await next('give');
  expect(await cache.get('a', fresh)).toBe('t2');
});

test('a refresh that fails leaves the present token, which is tried again and never used in its last 40 seconds', async () => {
  let at = 0;
  const { fresh, asked, next } = source(300);
  const cache = createTokenCache(() => at);
  const first = cache.get('a', fresh);
  await next('give');
  await first;
  at = 150_000;
  expect(await cache.get('a', fresh)).toBe('t1');
  await next('fail');
  expect(await cache.get('a', fresh)).toBe('t1');
  expect(asked()).toBe(2);
  at += 5_000;
  expect(await cache.get('a', fresh)).toBe('t1');
  expect(asked()).toBe(3);
  await next('fail');
  at = 260_000;
  const late = cache.get('a', fresh);
  await next('give');
  expect(await late).toBe('t4');
});

test('names do not share', async () => {
  const { fresh, next } = source(300);
  const cache = createTokenCache(() => 0);
  const [a, b] = [cache.get('a', fresh), cache.get('b', fresh)];
  await next('give');
  await next('give');
  expect([await a, await b]).toEqual(['t1', 't2']);
});
