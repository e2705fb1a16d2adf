import { expect, test } from 'vitest';
import type { BoundRepository } from '../../../src/server/permission/bound-repository.ts';
import { createCommenterAccess } from '../../../src/server/permission/commenter-access.ts';
import { decideAccess } from '../../../src/server/permission/decide.ts';
import type { BranchForUser } from '../../../src/server/permission/ports.ts';

const repository = {
  id: 7,
  fullName: 'ml/wine',
  url: 'https://git.example.com/ml/wine',
  defaultBranch: 'main',
  productionBranch: 'main',
};
const reads = { pull: true, push: false, admin: false };
const writes = { ...reads, push: true };
const open = { protected: false, userCanMerge: true, requiredApprovals: 0 };
const closed = { protected: true, userCanMerge: false, requiredApprovals: 0 };
const binding = { teams: { train: ['ml:trainers'], release: ['ml:releasers', 'ml:leads'] } };

/** All that can be refused to whom: the code, what is missing, and who can give it. */
test.each<
  [
    right: 'train' | 'release' | 'audit',
    permissions: typeof reads,
    branch: BranchForUser | null,
    teams: boolean,
    code: string,
    missing: RegExp,
    granted: RegExp,
  ]
>([
  [
    'train',
    reads,
    open,
    false,
    'write-missing',
    /needs write access to ml\/wine/,
    /administrator of the repository can give/,
  ],
  [
    'release',
    reads,
    open,
    false,
    'write-missing',
    /needs write access to ml\/wine/,
    /administrator of the repository can give/,
  ],
  [
    'audit',
    reads,
    open,
    false,
    'write-missing',
    /needs write access to ml\/wine/,
    /administrator of the repository can give/,
  ],
  [
    'release',
    writes,
    open,
    false,
    'branch-unprotected',
    /only administrators of ml\/wine may release/,
    /administrator can protect it/,
  ],
  [
    'release',
    writes,
    closed,
    false,
    'merge-missing',
    /needs the right to merge into main/,
    /administrator of the repository can add you/,
  ],
  [
    'release',
    writes,
    null,
    false,
    'production-branch-missing',
    /no branch "main"/,
    /have the server's administrator name another/,
  ],
  [
    'train',
    writes,
    open,
    true,
    'team-missing',
    /membership of the team ml:trainers/,
    /owner of the organisation can add you/,
  ],
  [
    'release',
    { ...writes, admin: true },
    open,
    true,
    'team-missing',
    /one of the teams ml:releasers, ml:leads/,
    /owner of the organisation can add you/,
  ],
])(
  '%s is refused with what is missing and who can grant it (%#)',
  (right, permissions, branch, teams, code, missing, granted) => {
    const seen = { ...repository, permissions };
    const { [right]: permission } = decideAccess(
      { productionBranch: 'main', ...(teams && { binding }) },
      seen,
      branch,
    );
    expect(permission).toMatchObject({ allowed: false, code });
    const { reason } = permission as { reason: string };
    expect(reason).toMatch(missing);
    expect(reason).toMatch(granted);
  },
);

const author = { id: 5, name: 'otto', fullName: '', avatarUrl: '' };

/** @param told by Gitea to the bot */
async function standing(
  told: { userId: number; level: 'none' | 'read' | 'unclear' | 'write' } | null,
  teams = false,
) {
  const access = createCommenterAccess({
    sessions: { viewersOf: async () => [] },
    access: { check: async () => Promise.reject(new Error('nobody is signed in')) },
    collaborators: { permission: async () => told },
  });
  return await access.of(author, { ...repository, binding: teams ? binding : {} } as BoundRepository);
}

test.each([
  [
    'none',
    { userId: 5, level: 'none' },
    false,
    /you have none. An administrator of the repository can give it/,
  ],
  [
    'read',
    { userId: 5, level: 'read' },
    false,
    /needs write access.*administrator of the repository can give it/,
  ],
  ['unclear', { userId: 5, level: 'unclear' }, false, /Open this page once .* and sign in there/],
  [
    'of somebody else, who has this name now',
    { userId: 6, level: 'write' },
    false,
    /sign in there, or have an administrator/,
  ],
  ['nothing', null, false, /sign in there, or have an administrator of the repository make the bot/],
  ['write, where a team is asked for besides', { userId: 5, level: 'write' }, true, /sign in there/],
] as const)('a commenter of whom Gitea tells "%s" is told what to do', async (_, told, teams, advice) => {
  const { train } = await standing(told, teams);
  expect(train).toMatchObject({ allowed: false, reason: expect.stringMatching(advice) });
});

test('a commenter whom Gitea calls a writer may train', async () => {
  expect((await standing({ userId: 5, level: 'write' })).train).toEqual({ allowed: true });
});
