import { describe, expect, it } from 'vitest';
import type { PullFacts, ReviewFacts } from '../../../src/server/gitea/forge.ts';
import { createMergedPulls } from '../../../src/server/gitea/merged-pulls.ts';
import { repository } from '../registry/registry-bench.ts';

const pull: PullFacts = {
  index: 3,
  title: 'Use fewer trees',
  url: 'http://gitea.test/ml/wine/pulls/3',
  state: 'merged',
  author: { id: 99, name: 'author', fullName: '', avatarUrl: '' },
  head: { sha: 'later-push', branch: 'fewer-trees' },
  base: { branch: 'main' },
  fork: false,
  headRepository: 'ml/wine',
  mergeBase: null,
  mergeCommit: null,
  mergedBy: null,
  mergedAt: '2026-02-01T10:00:00Z',
};
const review = (name: string, change: Partial<ReviewFacts>): ReviewFacts => ({
  reviewer: { id: name.length, name, fullName: '', avatarUrl: '' },
  state: 'APPROVED',
  official: true,
  stale: false,
  dismissed: false,
  commit: 'merged-head',
  ...change,
});

function pulls(reviews: ReviewFacts[], branch = { head: 'x', protected: true, requiredApprovals: 1 }) {
  return createMergedPulls({
    pull: async () => pull,
    pullHead: async () => 'merged-head',
    reviews: async () => reviews,
    branch: async () => branch,
  });
}

describe('a merged pull request', () => {
  it('has the head that was merged, not what was pushed to its branch since', async () => {
    expect(await pulls([]).pull(repository, 3)).toMatchObject({
      merged: true,
      head: 'merged-head',
      mergedAt: '2026-02-01T10:00:00Z',
    });
  });

  it.each([
    ['official and fresh', {}, ['ada']],
    ['not official', { official: false }, []],
    ['of its own author', { reviewer: { id: 99, name: 'author', fullName: '', avatarUrl: '' } }, []],
    ['stale', { stale: true }, []],
    ['dismissed', { dismissed: true }, []],
    ['of another commit', { commit: 'earlier' }, []],
    ['a comment', { state: 'COMMENT' }, []],
  ])('counts an approval that is %s: %j', async (_name, change, counted) => {
    expect((await pulls([review('ada', change)]).approvals(repository, 3, 'merged-head')).counted).toEqual(
      counted,
    );
  });

  it('counts the latest word of each reviewer', async () => {
    const reviews = [review('ada', {}), review('ada', { state: 'REQUEST_CHANGES' }), review('wendy', {})];
    expect((await pulls(reviews).approvals(repository, 3, 'merged-head')).counted).toEqual(['wendy']);
  });

  it('says that an unprotected branch asks for nothing', async () => {
    const open = pulls([], { head: 'x', protected: false, requiredApprovals: 2 });
    expect(await open.approvals(repository, 3, 'merged-head')).toEqual({
      branchProtected: false,
      required: 0,
      counted: [],
    });
  });
});
