import { describe, expect, it } from 'vitest';
import { Backend } from '../../../src/panel/api/backend.ts';
import { ProblemError } from '../../../src/panel/api/problem-error.ts';
import { SignIn } from '../../../src/panel/api/sign-in.ts';
import type { Answer } from '../page.ts';
import { network, pageContext, problem } from '../page.ts';

const base = pageContext().base;
const start = 'GET auth/start';
const session = 'GET api/v1/session';
const none = problem(401, 'signed-out', 'Sign in.');

function backend(user: number | null = 2): Backend {
  const page = pageContext({ user });
  return new Backend(page, new SignIn(page));
}

/** Gitea with a grant: the first request finds no session, the silent flow makes one. */
function silent(refusal: Answer, where = 'auth/callback?code=1') {
  let signedIn = false;
  const inSession = (answer: Answer) => () => (signedIn ? answer : refusal);
  return network({
    'GET api/v1/things': inSession({ body: { fine: true } }),
    'GET api/v1/others': inSession({ body: { fine: true } }),
    [session]: inSession({ body: {} }),
    [start]: () => {
      signedIn = where.startsWith('auth/callback');
      return { url: where.startsWith('http') ? where : base + where };
    },
  });
}

async function refusalOf(request: Promise<unknown>): Promise<ProblemError> {
  return request.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: unknown) => error as ProblemError,
  );
}

describe('a request', () => {
  it('names the user whom the page shows', async () => {
    const net = network({ 'GET api/v1/things?a=1': { body: { fine: true } } });
    expect(await backend().get('things', { query: { a: 1, b: undefined } })).toEqual({ fine: true });
    expect(net.sent[0]?.user).toBe('2');
  });

  it('is not sent for nobody', async () => {
    const net = network({});
    expect((await refusalOf(backend(null).get('things'))).code).toBe('signed-out');
    expect(net.sent).toEqual([]);
  });

  it.each([
    ['there is no session', none],
    ['the session is of somebody else', problem(409, 'session-of-another-user', 'You are somebody else.')],
  ])('signs in silently and is sent again when %s', async (_case, refusal) => {
    const net = silent(refusal);
    expect(await backend().get('things')).toEqual({ fine: true });
    expect(net.sent.map((one) => `${one.method} ${one.path}`)).toEqual([
      'GET api/v1/things',
      session,
      start,
      session,
      'GET api/v1/things',
    ]);
  });

  it('shares one sign-in with those sent at once', async () => {
    const net = silent(none);
    const one = backend();
    await Promise.all([one.get('things'), one.get('others')]);
    expect(net.sent.filter((request) => request.path === 'auth/start')).toHaveLength(1);
  });

  it.each([
    ['consent-needed', 'https://git.example.com/login/oauth/authorize?client_id=1'],
    ['signed-out', 'https://git.example.com/user/login'],
    ['consent-needed', 'auth/callback?error=access_denied'],
    ['unreachable', 'auth/start'],
  ])('tells %s when the silent flow ends at %s', async (code, where) => {
    const net = silent(none, where);
    if (where.includes('error=')) net.routes[session] = none;
    expect((await refusalOf(backend().get('things'))).code).toBe(code);
  });

  it('rejects with the code and the words of the problem', async () => {
    network({ 'POST api/v1/things': problem(422, 'parameter-invalid', 'depth must be at most 20.') });
    const error = await refusalOf(backend().post('things', { depth: 30 }));
    expect(error).toBeInstanceOf(ProblemError);
    expect([error.code, error.status, error.message]).toEqual([
      'parameter-invalid',
      422,
      'depth must be at most 20.',
    ]);
  });

  it.each([
    ['no answer', { fail: true }],
    ["a proxy's page", { status: 502, body: 'Bad gateway' }],
    ['an empty success', { status: 200 }],
  ])('tells that the server is away after %s', async (_case, answer) => {
    network({ 'GET api/v1/things': answer });
    expect((await refusalOf(backend().get('things'))).code).toBe('unreachable');
  });

  it('rejects with the reason when it was aborted', async () => {
    network({ 'GET api/v1/things': { body: {} } });
    const abort = new AbortController();
    abort.abort(new Error('left the page'));
    await expect(backend().get('things', { signal: abort.signal })).rejects.toThrow('left the page');
  });
});
