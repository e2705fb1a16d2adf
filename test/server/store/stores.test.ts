import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Person } from '../../../src/contract/person.ts';
import type { StoredRelease } from '../../../src/server/registry/release.ts';
import { openStore } from './open-store.ts';
import { databases } from './test-database.ts';

const wendy: Person = { id: 7, name: 'wendy', fullName: 'Wendy ü', avatarUrl: '' };
const at = (minute: number) => `2026-01-01T00:0${minute}:00.000Z`;

describe.each(databases)('on %s', (database) => {
  let store: Awaited<ReturnType<typeof openStore>>;
  beforeEach(async () => {
    store = await openStore(database, () => new Date(at(0)));
  });

  test('deliveries are due in order, by repository, and known by what they say', async () => {
    const { deliveries } = store.stores;
    const add = (number: number, repositoryId: number) =>
      deliveries.add({
        uuid: `uuid ${number}`,
        event: 'push',
        eventType: 'push',
        repositoryId,
        contentKey: `key ${number}`,
        body: '{}',
        receivedAt: at(number),
      });
    for (const [number, repository] of [
      [1, 10],
      [2, 20],
      [3, 10],
    ] as const) {
      expect(await add(number, repository)).toBe(true);
    }
    expect(await add(3, 10)).toBe(false);
    const waiting = async (now: string) =>
      (await deliveries.waiting(now)).map(({ repositoryId }) => repositoryId);
    // Whatever the clock of the backend said that received them.
    expect((await waiting(at(0))).sort()).toEqual([10, 20]);
    const due = await deliveries.due(10, at(3), 10);
    expect(due.map(({ uuid }) => uuid)).toEqual(['uuid 1', 'uuid 3']);
    const [first, third] = due;
    expect((await deliveries.waiting(at(3))).find(({ repositoryId }) => repositoryId === 10)?.id).toBe(
      first!.id,
    );
    await deliveries.retryLater(first!.id, at(5), 'no answer');
    expect((await deliveries.due(10, at(3), 10)).map(({ uuid }) => uuid)).toEqual(['uuid 3']);
    const setBack = '2025-12-31T23:55:00.000Z';
    expect((await deliveries.due(10, setBack, 10)).map(({ uuid }) => uuid)).toEqual(['uuid 1', 'uuid 3']);
    expect((await waiting(setBack)).sort()).toEqual([10, 20]);
    expect(await deliveries.nextDue(at(3))).toBe(at(5));
    expect(await deliveries.known('key 1')).toBe(true);
    await deliveries.processed(third!.id, 'done', at(4));
    await deliveries.failed(first!.id, 'given up', at(6));
    // What was given up on is as good as never come: the reconciler takes it up.
    const known = [1, 2, 3, 4].map(async (number) => await deliveries.known(`key ${number}`));
    expect(await Promise.all(known)).toEqual([false, true, true, false]);
    expect(await deliveries.due(10, at(9), 10)).toEqual([]);
    expect(await deliveries.nextDue(at(3))).toBeNull();
  });

  test('messages of one key go out one after another, and of statuses the newest', async () => {
    const { outbox } = store.stores;
    const say = (topic: 'status' | 'cancel', key: string, text: string) =>
      outbox.enqueue({ topic, key, payload: { repository: 1, text } });
    for (const text of ['a', 'b', 'b', 'a']) await say('status', 's', text);
    for (const text of ['first', 'second']) await say('cancel', 'run:1', text);
    const texts = async () => (await outbox.due(at(9), 10)).map(({ payload }) => payload.text);
    expect((await texts()).sort()).toEqual(['a', 'first']);
    const [first] = (await outbox.due(at(9), 10)).filter(({ topic }) => topic === 'cancel');
    await outbox.retryLater(first!.id, at(5), 'no answer', false);
    expect((await outbox.due(at(1), 10)).map(({ payload }) => payload.text)).toEqual(['a']);
    await outbox.done(first!.id, at(5));
    expect((await texts()).sort()).toEqual(['a', 'second']);
    expect(await outbox.counts()).toEqual({ pending: 2, parked: 0 });
    expect(await outbox.last('run:1')).toEqual({ repository: 1, text: 'second' });
  });

  test('releases are kept with their steps, holds and decisions', async () => {
    const { releases } = store.stores;
    const release: StoredRelease = {
      id: 'r1',
      repository: 1,
      model: 'wine',
      modelName: 'ml.prod.wine',
      alias: 'champion',
      endpoint: 'wine',
      kind: 'rollback',
      fromVersion: 2,
      toVersion: 1,
      state: 'running',
      actor: wendy,
      requester: null,
      reason: 'It was worse.',
      pull: null,
      commit: null,
      approvals: ['ada'],
      planDigest: 'digest',
      run: null,
      endpointBefore: null,
      is: null,
      error: null,
      steps: [
        { name: 'alias', state: 'planned', from: 'v2', to: 'v1', detail: null, endedAt: null },
        { name: 'endpoint', state: 'planned', from: 'v2', to: 'v1', detail: null, endedAt: null },
      ] as StoredRelease['steps'],
      createdAt: at(1),
      endedAt: null,
    };
    await releases.insert(release);
    expect(await releases.find(1, 'r1')).toEqual(release);
    expect(await releases.find(2, 'r1')).toBeNull();
    expect(await releases.unfinished('ml.prod.wine', 'champion')).toEqual(release);
    expect(await releases.running()).toEqual([release]);
    await releases.setStep('r1', 1, { ...release.steps[1]!, state: 'done', endedAt: at(2) });
    await releases.setState('r1', { state: 'succeeded', is: { alias: 1, traffic: 100 }, endedAt: at(3) });
    const ended = await releases.find(1, 'r1');
    expect(ended).toMatchObject({ state: 'succeeded', is: { alias: 1, traffic: 100 }, endedAt: at(3) });
    expect(ended?.steps.map(({ state }) => state)).toEqual(['planned', 'done']);
    expect(await releases.unfinished('ml.prod.wine', 'champion')).toBeNull();
    await releases.insert({ ...release, id: 'r2' });
    expect((await releases.list(1, 'wine')).map(({ id }) => id)).toEqual(['r2', 'r1']);
    expect(await releases.count('ml.prod.wine', 'champion')).toBe(2);

    const hold = {
      modelName: 'ml.prod.wine',
      alias: 'champion',
      since: at(1),
      by: wendy,
      reason: null,
      release: 'r1',
    };
    await releases.setHold(hold);
    await releases.setHold({ ...hold, since: at(2) });
    expect(await releases.liftHold('ml.prod.wine', 'champion')).toEqual({ ...hold, since: at(2) });
    expect(await releases.liftHold('ml.prod.wine', 'champion')).toBeNull();
    const decision = {
      repository: 1,
      pull: 4,
      outcome: 'not-promoted' as const,
      reason: 'A hold.',
      release: null,
      decidedAt: at(1),
    };
    await releases.decide(decision);
    expect(await releases.decision(1, 4)).toEqual(decision);
    await expect(releases.decide(decision)).rejects.toThrow(/unique/i);
  });

  test('sessions end, and an attempt to sign in serves once, whoever comes at the same time', async () => {
    const { sessions } = store.stores;
    const session = {
      idHash: 'a',
      person: wendy,
      accessToken: 'sealed',
      refreshToken: null,
      accessExpiresAt: new Date(at(3)),
      createdAt: new Date(at(0)),
      expiresAt: new Date(at(5)),
    };
    await sessions.add(session);
    await sessions.add({ ...session, idHash: 'b', createdAt: new Date(at(1)), expiresAt: new Date(at(9)) });
    expect(await sessions.find('a')).toEqual(session);
    expect((await sessions.ofUser(7)).map(({ idHash }) => idHash)).toEqual(['b', 'a']);
    await sessions.updateTokens('a', { ...session, accessToken: 'new', refreshToken: 'refresh' });
    expect(await sessions.find('a')).toMatchObject({ accessToken: 'new', refreshToken: 'refresh' });
    await sessions.removeOutdated(new Date(at(5)), new Date(at(5)));
    expect((await sessions.ofUser(7)).map(({ idHash }) => idHash)).toEqual(['b']);
    const attempt = {
      stateHash: 's',
      browserHash: 'h',
      codeVerifier: 'sealed',
      nonce: 'n',
      mode: 'popup' as const,
      createdAt: new Date(at(1)),
    };
    await sessions.addAttempt(attempt);
    const taken = await Promise.all([1, 2, 3].map(() => sessions.takeAttempt('s')));
    expect(taken.filter((one) => one !== null)).toEqual([attempt]);
  });

  test('signing keys, commands, reports, connections, names and heads are read as they were written', async () => {
    const { signingKeys, commands, reports, connections, repositories, memory } = store.stores;
    const key = {
      kid: 'k',
      publicJwk: { kty: 'EC' },
      privateKey: 'sealed',
      createdAt: new Date(at(1)),
      retiredAt: null,
    };
    await signingKeys.add(key);
    await signingKeys.add({ ...key, kid: 'l', createdAt: new Date(at(2)) });
    await signingKeys.retire('k', new Date(at(3)));
    expect(await signingKeys.all()).toEqual([
      { ...key, kid: 'l', createdAt: new Date(at(2)) },
      { ...key, retiredAt: new Date(at(3)) },
    ]);
    const command = {
      comment: Number.MAX_SAFE_INTEGER,
      repository: 1,
      pull: 4,
      author: 7,
      line: '/databricks train',
      outcome: 'done' as const,
      note: null,
      head: 'a'.repeat(40),
    };
    await commands.add({ ...command, comment: 1 });
    await commands.add(command);
    expect(await commands.latest(1, 4)).toEqual(command);
    await expect(commands.add(command)).rejects.toThrow(/unique/i);
    await reports.remember(1, 4, { commentId: 5, bodyDigest: 'd' });
    await reports.remember(1, 4, { commentId: Number.MAX_SAFE_INTEGER, bodyDigest: 'e' });
    expect(await reports.find(1, 4)).toEqual({ commentId: Number.MAX_SAFE_INTEGER, bodyDigest: 'e' });
    const facts = { state: 'unreachable' as const, since: at(1), lastOkAt: null, lastError: 'TIMEOUT' };
    await connections.save('main', { ...facts, state: 'ok' });
    await connections.save('main', facts);
    expect(await connections.find('main')).toEqual(facts);

    const wine = { id: 1, fullName: 'ML/Wine', url: '', defaultBranch: 'main', bindingId: 'wine' };
    await repositories.save(wine);
    await memory.rememberHead(1, 'head');
    await repositories.save({ ...wine, fullName: 'ml/beer' });
    expect(await repositories.findByName('ML/BEER')).toMatchObject({ id: 1 });
    expect(await repositories.findByName('ml/wine')).toBeNull();
    expect(await repositories.ownerOfName('ml/WINE')).toBe(1);
    expect(await memory.seenHead(1)).toBe('head');
    await memory.rememberConfiguration(1, { state: 'missing', commit: null });
    expect(await memory.configuration(1)).toEqual({ state: 'missing', commit: null });
  });

  test('the audit log of a repository is read by pages, newest first', async () => {
    const { audit } = store.stores;
    for (let number = 1; number <= 7; number += 1) {
      await audit.append({
        action: 'run.created',
        outcome: 'done',
        actor: { kind: 'person', id: 7, name: 'wendy' },
        subject: `run ${number}`,
        repository: number % 2,
      });
    }
    const { items, total } = await audit.list({ repository: 1, before: 7, limit: 2 });
    expect(total).toBe(4);
    expect(items.map(({ sequence }) => sequence)).toEqual([5, 3]);
    expect((await audit.head())?.sequence).toBe(7);
  });
});

test('PostgreSQL: every text is compared byte by byte, and every whole number has 64 bits', async () => {
  const { db } = await openStore('PostgreSQL');
  const { rows } = await sql<{ column: string; type: string; order: string }>`
    select c.relname || '.' || a.attname as column, format_type(a.atttypid, null) as type, coalesce(o.collname, '') as order
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      left join pg_collation o on o.oid = a.attcollation
    where n.nspname = 'public' and c.relkind = 'r' and a.attnum > 0 and c.relname not like 'kysely%'`.execute(
    db,
  );
  expect(rows.length).toBeGreaterThan(150);
  expect(
    rows.filter(({ type, order }) => !(type === 'bigint' || (type === 'text' && order === 'C'))),
  ).toEqual([]);
});
