/** What production is said to be while a release is on its way. */
import { expect, test } from 'vitest';
import type { ReleaseState, StoredRelease } from '../../../src/server/registry/release.ts';
import type { ModelFacts } from '../../../src/server/registry/views.ts';
import { productionView } from '../../../src/server/registry/views.ts';

const wendy = { id: 1, name: 'wendy', fullName: 'Wendy', avatarUrl: '' };

function release(
  id: string,
  toVersion: number,
  state: ReleaseState,
  kind: StoredRelease['kind'] = 'promotion',
): StoredRelease {
  return {
    id,
    repository: 42,
    model: 'wine',
    modelName: 'ml.prod.wine',
    alias: 'champion',
    endpoint: null,
    kind,
    fromVersion: 1,
    toVersion,
    state,
    actor: wendy,
    requester: null,
    reason: null,
    pull: null,
    commit: null,
    approvals: [],
    planDigest: null,
    run: null,
    endpointBefore: null,
    is: null,
    error: null,
    steps: [],
    createdAt: '2026-03-01T10:00:00.000Z',
    endedAt: state === 'running' ? null : '2026-03-01T10:01:00.000Z',
  };
}

/** The alias at version 3, and these releases, the newest first. */
function production(...releases: StoredRelease[]) {
  const facts: ModelFacts = {
    key: 'wine',
    model: { name: 'ml.prod.wine', alias: 'champion', endpoint: null },
    versions: [],
    aliases: { champion: 3 },
    endpoint: null,
    asOf: null,
    known: true,
    trained: new Map(),
    releases,
    hold: null,
    floors: {},
    rules: null,
  };
  return productionView(facts, { allowed: true });
}

test('while a release is under way, or half done, its alias is its own, no stranger’s', () => {
  const before = release('1', 1, 'succeeded');
  expect(production(release('2', 3, 'running'), before)).toMatchObject({
    kind: 'promotion',
    by: wendy,
    since: null,
  });
  expect(production(release('2', 3, 'partial', 'rollback'), before)).toMatchObject({
    kind: 'rollback',
    by: wendy,
  });
});

test('an alias that no release led to was set outside, whatever led there once', () => {
  const outside = { kind: 'foreign', by: null, since: null };
  expect(production()).toMatchObject(outside);
  expect(production(release('2', 5, 'succeeded'), release('1', 3, 'succeeded'))).toMatchObject(outside);
  expect(production(release('2', 3, 'failed'), release('1', 1, 'succeeded'))).toMatchObject(outside);
  expect(production(release('2', 5, 'running'), release('1', 1, 'succeeded'))).toMatchObject(outside);
  // While the endpoint moves first, the alias is still where the last release brought it.
  expect(production(release('2', 5, 'running'), release('1', 3, 'succeeded'))).toMatchObject({
    kind: 'promotion',
    since: '2026-03-01T10:01:00.000Z',
  });
});
