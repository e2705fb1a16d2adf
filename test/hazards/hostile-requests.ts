/** Generated requests for the fuzz test: the product's own addresses, with something wrong in most of them. */
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { routeActs } from '../../src/server/permission/matrix.ts';

/** What is there, so that requests get beyond the first check. */
export interface Known {
  base: string;
  origin: string;
  secret: string;
  /** Cookie headers of people who are signed in. */
  cookies: string[];
  /** Values of the addresses' parameters, by name. */
  parameters: Record<string, string[]>;
}

export interface HostileRequest {
  method: string;
  url: string;
  headers: Record<string, string | string[]>;
  payload?: string;
}

/** Texts that parsers, databases, file systems, shells and pages have stumbled over. */
const nasty = [
  '',
  '0',
  '-1',
  '1e3',
  '0x10',
  '1.5',
  'NaN',
  'null',
  'undefined',
  'true',
  '[]',
  '9007199254740993',
  '99999999999999999999999999',
  '../../../../etc/passwd',
  '..%2f..%2f',
  '....//',
  '\\..\\',
  'file:///etc/passwd',
  '\u0000',
  'a\u0000b',
  '\n',
  'a\r\nSet-Cookie: x=1',
  "' OR 1=1 --",
  '";DROP TABLE runs;--',
  '%',
  '_',
  '{{7*7}}',
  `${'$'}{7*7}`,
  '$(id)',
  '`id`',
  '|id',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  '\ud800',
  '\u202e',
  'é'.repeat(50),
  'a'.repeat(299),
  'a'.repeat(5_000),
  '%zz',
  '%00',
  '%c0%ae',
  '?',
  '#',
  ';',
  ',',
];

const text = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...nasty) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
);

/** Any JSON value, small, with names and texts that hurt. */
const hostileJson: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    fc.constantFrom<unknown>(null, true, false, 0, -1, 1e308, 1.5, 2 ** 53, -0, 1, 2),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text, tie('value'), { maxKeys: 3 }),
  ),
})).value;

const folder = new URL('../fixtures/gitea/webhooks/', import.meta.url);
const recorded = readdirSync(folder)
  .filter((name) => name.endsWith('.body.json'))
  .map((name) => ({
    body: JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Record<string, unknown>,
    headers: JSON.parse(readFileSync(new URL(name.replace('.body.', '.headers.'), folder), 'utf8')) as Record<
      string,
      string
    >,
  }));

/** Replaces what is found by the path of positions; the document stays otherwise as it is. */
function changed(document: unknown, path: readonly number[], value: unknown): unknown {
  if (typeof document !== 'object' || document === null || path.length === 0) return value;
  const keys = Object.keys(document);
  if (keys.length === 0) return value;
  const [position = 0, ...rest] = path;
  const key = keys[position % keys.length] ?? '';
  const copy = (Array.isArray(document) ? [...document] : { ...document }) as Record<string, unknown>;
  if (value === undefined && rest.length === 0) delete copy[key];
  else copy[key] = changed(copy[key], rest, value);
  return copy;
}

function json(value: unknown): string {
  return JSON.stringify(value) ?? '';
}

const origins = (known: Known) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(known.origin) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('null', '', 'https://evil.example.com', `${known.origin}.evil.example.com`),
    },
  );

const visible = (value: string) => value.replace(/[^\x20-\x7e\x80-\xff]/g, '?').slice(0, 2_000);

/** Headers beside those that a case needs. */
const oddHeaders = fc.dictionary(
  fc.constantFrom(
    'host',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-gitea-user',
    'sec-fetch-site',
    'sec-fetch-dest',
    'accept',
    'accept-encoding',
    'content-encoding',
    'if-none-match',
    'range',
    'expect',
    'last-event-id',
    'x-http-method-override',
    'forwarded',
    'authorization',
    'x-request-id',
    'access-control-request-method',
  ),
  fc.oneof(
    text.map(visible),
    fc.constantFrom(
      '1',
      '2',
      'cross-site',
      'same-origin',
      'document',
      'text/event-stream',
      '127.0.0.1',
      'DELETE',
    ),
  ),
  { maxKeys: 3 },
);

function deliveries(known: Known): fc.Arbitrary<HostileRequest> {
  const document = fc
    .tuple(
      fc.constantFrom(...recorded),
      fc.array(
        fc.tuple(
          fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }),
          fc.oneof(hostileJson, fc.constant(undefined)),
        ),
        {
          maxLength: 3,
        },
      ),
      fc.boolean(),
    )
    .map(([{ body, headers }, changes, here]) => {
      const start: unknown = here
        ? {
            ...body,
            repository: { ...(body.repository as object), id: Number(known.parameters.repository?.[0]) },
          }
        : body;
      return {
        headers,
        body: json(changes.reduce((now, [path, value]) => changed(now, path, value), start)),
      };
    });
  const raw = fc
    .tuple(fc.constantFrom(...recorded), fc.oneof(hostileJson.map(json), fc.string({ maxLength: 200 })))
    .map(([{ headers }, body]) => ({ headers, body }));
  return fc
    .record({
      what: fc.oneof({ weight: 3, arbitrary: document }, { weight: 1, arbitrary: raw }),
      signed: fc.oneof(
        { weight: 4, arbitrary: fc.constant(true) },
        { weight: 1, arbitrary: fc.constant(false) },
      ),
      wrong: fc.oneof<fc.Arbitrary<string | string[]>[]>(
        text.map(visible),
        fc.constant([known.secret, known.secret]),
      ),
      uuid: fc.uuid(),
      event: fc.option(
        fc.oneof(text.map(visible), fc.constantFrom('push', 'pull_request', 'issue_comment')),
        {
          freq: 4,
        },
      ),
      odd: oddHeaders,
    })
    .map(({ what, signed, wrong, uuid, event, odd }) => {
      const {
        'X-Gitea-Signature': _,
        'X-Hub-Signature': __,
        'X-Hub-Signature-256': ___,
        ...headers
      } = what.headers;
      return {
        method: 'POST',
        url: `${known.base}webhooks/gitea`,
        headers: {
          ...odd,
          ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
          'content-length': String(Buffer.byteLength(what.body)),
          ...(event === null ? {} : { 'x-gitea-event': event }),
          'x-gitea-delivery': uuid,
          'x-gitea-signature': signed
            ? createHmac('sha256', known.secret).update(what.body).digest('hex')
            : wrong,
        },
        payload: what.body,
      };
    });
}

const goodBodies: unknown[] = [
  { kind: 'rollback', toVersion: 1 },
  { kind: 'promotion', toVersion: 2 },
  { kind: 'promotion', toVersion: 2, digest: 'x'.repeat(64), reason: 'why' },
  { pull: 1, parameters: { depth: 3 } },
  { branch: 'main', parameters: { depth: 4 } },
  {},
];

const goodQueries: Record<string, string[]> = {
  state: ['active', 'succeeded,failed'],
  branch: ['main'],
  pull: ['1'],
  author: ['wendy'],
  query: ['#1', '100%'],
  sort: ['rmse', 'started'],
  order: ['asc', 'desc'],
  limit: ['1', '100'],
  cursor: ['0', '7', '999999999'],
  metrics: ['rmse,accuracy'],
  mode: ['silent', 'popup'],
  code: ['abc'],
  state_: ['abc'],
  error: ['access_denied'],
  user: ['1', '2'],
};

function calls(known: Known): fc.Arbitrary<HostileRequest> {
  const acts = Object.keys(routeActs).filter((act) => act !== 'POST webhooks/gitea');
  const query = fc.array(
    fc.tuple(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...Object.keys(goodQueries), 'repositories') },
        { weight: 1, arbitrary: text },
      ),
      fc.nat(1_000),
      fc.option(text, { freq: 2 }),
    ),
    { maxLength: 3 },
  );
  return fc
    .record({
      act: fc.constantFrom(...acts),
      method: fc.oneof(
        { weight: 12, arbitrary: fc.constant(null) },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            'GET',
            'HEAD',
            'POST',
            'PUT',
            'PATCH',
            'DELETE',
            'OPTIONS',
            'TRACE',
            'PROPFIND',
          ),
        },
      ),
      values: fc.array(fc.option(text, { freq: 3 }), { minLength: 4, maxLength: 4 }),
      pick: fc.nat(100),
      encode: fc.oneof(
        { weight: 4, arbitrary: fc.constant(true) },
        { weight: 1, arbitrary: fc.constant(false) },
      ),
      suffix: fc.oneof(
        { weight: 20, arbitrary: fc.constant('') },
        { weight: 1, arbitrary: fc.constantFrom('/', '//', '/..', '/%2e%2e/', '.json', ';a=b') },
      ),
      query,
      body: fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...goodBodies).map(json) },
        {
          weight: 3,
          arbitrary: fc
            .tuple(
              fc.constantFrom(...goodBodies),
              fc.array(fc.nat(9), { minLength: 1, maxLength: 2 }),
              hostileJson,
            )
            .map(([good, path, value]) => json(changed(good, path, value))),
        },
        { weight: 2, arbitrary: hostileJson.map(json) },
        { weight: 1, arbitrary: fc.string({ maxLength: 100, unit: 'binary' }) },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            '['.repeat(60_000),
            `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
            'x'.repeat(70_000),
          ),
        },
      ),
      type: fc.oneof(
        { weight: 8, arbitrary: fc.constant('application/json') },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            'text/plain',
            'application/x-www-form-urlencoded',
            'multipart/form-data',
            'application/json; charset=utf-16',
            'x',
            '',
            '/',
          ),
        },
      ),
      cookie: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom(...known.cookies) },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            '',
            'gitea_databricks=',
            'gitea_databricks=%zz; a',
            '=;=;;',
            `gitea_databricks=${'A'.repeat(4_000)}`,
          ),
        },
        { weight: 1, arbitrary: text.map((value) => `gitea_databricks=${visible(value)}`) },
      ),
      origin: origins(known),
      odd: oddHeaders,
    })
    .map(({ act, method, values, pick, encode, suffix, query: asked, body, type, cookie, origin, odd }) => {
      const [named = 'GET', address = ''] = act.split(' ', 2);
      let position = 0;
      const path = address.replace(/:(\w+)|\*/g, (_match, name: string | undefined) => {
        const given = values[position++] ?? null;
        const known_ = known.parameters[name ?? ''] ?? ['1'];
        const value = given ?? known_[pick % known_.length] ?? '1';
        return encode ? encodeURIComponent(value.toWellFormed()) : visible(value).replaceAll(' ', '+');
      });
      const pairs = asked.map(([name, number, value]) => {
        const good = name === 'repositories' ? known.parameters.repository : goodQueries[name];
        const given = value ?? good?.[number % good.length] ?? '';
        return `${encodeURIComponent(name.replace('state_', 'state').toWellFormed())}=${encode ? encodeURIComponent(given.toWellFormed()) : visible(given).replaceAll(' ', '+')}`;
      });
      const used = method ?? named;
      // Who signs out would be missing in what follows.
      const withCookie = !(used === 'DELETE' && address.endsWith('/session'));
      const sends = used !== 'GET' && used !== 'HEAD' && used !== 'OPTIONS' && used !== 'TRACE';
      return {
        method: used,
        url: `${known.base}${path}${suffix}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`,
        headers: {
          ...odd,
          ...(withCookie ? { cookie } : {}),
          ...(sends ? { origin, 'content-type': type } : {}),
        },
        ...(sends ? { payload: body } : {}),
      };
    });
}

/** Addresses that nobody knows. */
function elsewhere(known: Known): fc.Arbitrary<HostileRequest> {
  return fc
    .tuple(
      fc.constantFrom('GET', 'POST', 'DELETE', 'OPTIONS'),
      text,
      fc.constantFrom(known.base, `${known.base}api/v1/`, '/'),
      oddHeaders,
    )
    .map(([method, path, prefix, headers]) => ({
      method,
      url: `${prefix}${visible(path).replaceAll(' ', '+')}`,
      headers,
    }));
}

/** Requests of all kinds, the same for the same seed. */
export function hostileRequests(known: Known, count: number, seed: number): HostileRequest[] {
  const any = fc.oneof(
    { weight: 12, arbitrary: calls(known) },
    { weight: 5, arbitrary: deliveries(known) },
    { weight: 1, arbitrary: elsewhere(known) },
  );
  return fc.sample(any, { numRuns: count, seed });
}
