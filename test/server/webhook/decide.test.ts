import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/server/webhook/decide.ts';
import type { Delivery } from '../../../src/server/webhook/delivery.ts';
import { contentKey, parseDelivery } from '../../../src/server/webhook/delivery.ts';

const push = (ref: string, after = 'b'.repeat(40)): Delivery => ({
  event: 'push',
  eventType: 'push',
  repositoryId: 7,
  push: { ref, before: 'a'.repeat(40), after },
  pull: null,
  comment: null,
});
const pull = (action: string, merged = false, updatedAt = '2026-01-01T00:00:00Z'): Delivery => ({
  event: 'pull_request',
  eventType: 'pull_request',
  repositoryId: 7,
  push: null,
  comment: null,
  pull: { action, index: 3, head: 'c'.repeat(40), merged, updatedAt },
});

describe('what a delivery asks to look at', () => {
  test.each([
    ['a push to a branch', push('refs/heads/feature/x'), { kind: 'branch-moved', branch: 'feature/x' }],
    ['a pushed tag', push('refs/tags/v1'), { kind: 'ignore' }],
    ['a deleted branch', push('refs/heads/x', '0'.repeat(40)), { kind: 'ignore' }],
    ['an opened pull request', pull('opened'), { kind: 'pull-changed', index: 3 }],
    ['a reopened one', pull('reopened'), { kind: 'pull-changed', index: 3 }],
    ['one that was pushed to', pull('synchronized'), { kind: 'pull-changed', index: 3 }],
    ['a merged one', pull('closed', true), { kind: 'pull-closed', index: 3 }],
    ['a closed one', pull('closed'), { kind: 'pull-closed', index: 3 }],
    ['a labelled one', pull('label_updated'), { kind: 'ignore' }],
  ])('%s', (_name, delivery, intent) => {
    expect(decide(delivery)).toMatchObject(intent);
  });
});

test('a comment’s delivery that leaves the pull request out is a command whose head is not known', () => {
  const payload = {
    action: 'created',
    repository: { id: 7 },
    issue: { number: 3 },
    comment: { id: 9, user: { id: 2 }, body: '/databricks train' },
    is_pull: true,
  };
  const delivery = parseDelivery('issue_comment', 'pull_request_comment', payload);
  expect(delivery && decide(delivery)).toMatchObject({ kind: 'command', index: 3, comment: 9, head: '' });
});

describe('deliveries are the same', () => {
  test('by what they say', () => {
    expect(contentKey(push('refs/heads/main'))).toBe(contentKey(push('refs/heads/main')));
    expect(contentKey(pull('synchronized'))).toBe(contentKey(pull('synchronized')));
  });
  test('and differ by commit, action, repository, and by when the pull request was updated', () => {
    const keys = [
      push('refs/heads/main'),
      push('refs/heads/main', 'd'.repeat(40)),
      { ...push('refs/heads/main'), repositoryId: 8 },
      pull('opened'),
      pull('reopened'),
      pull('closed'),
      pull('closed', false, '2026-01-02T00:00:00Z'),
      pull('synchronized'),
      pull('synchronized', false, '2026-01-02T00:00:00Z'),
    ].map(contentKey);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
