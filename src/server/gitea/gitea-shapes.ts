import type { Person } from '../../contract/person.ts';
import type { CommitFacts, ListedComment, PullFacts } from './forge.ts';

/** The parts of Gitea's REST answers that are read (shapes as recorded in test/fixtures/gitea/api). */
export interface GiteaUser {
  id: number;
  login: string;
  full_name: string;
  avatar_url: string;
}

export interface GiteaCommit {
  sha: string;
  commit: { message: string };
  author: GiteaUser | null;
  parents: { sha: string }[] | null;
  files?: { filename: string }[] | null;
}

interface PullSide {
  /** Name of the branch; `refs/pull/N/head` where there is no such branch. */
  ref: string;
  /** Name of the branch, also when it is gone; empty where there never was one. */
  label: string;
  sha: string;
  repo_id: number;
  repo: { full_name: string } | null;
}

export interface GiteaPull {
  number: number;
  title: string;
  html_url: string;
  state: string;
  user: GiteaUser | null;
  merged: boolean;
  merge_base: string;
  merge_commit_sha: string | null;
  merged_by: GiteaUser | null;
  merged_at: string | null;
  updated_at: string;
  comments: number;
  head: PullSide;
  base: PullSide;
}

/** Gitea answers ids ≤ 0 for users that are gone. */
export function toPerson(user: GiteaUser | null): Person | null {
  if (!user || user.id <= 0) return null;
  return { id: user.id, name: user.login, fullName: user.full_name, avatarUrl: user.avatar_url };
}

export function toCommit(commit: GiteaCommit): CommitFacts {
  return {
    sha: commit.sha,
    title: commit.commit.message.split('\n', 1)[0]?.trim() ?? '',
    parents: (commit.parents ?? []).map((parent) => parent.sha),
    author: toPerson(commit.author),
  };
}

/**
 * Whether the head's code came from outside: from another repository, or, with the same repository named as its head,
 * without any branch of it. `git push origin HEAD:refs/for/main` (AGit) opens a pull request like that with no more
 * than read access (services/convert `ToAPIPullRequest` gives it the base's id and an empty label).
 */
function isFromOutside({ head, base, state }: GiteaPull): boolean {
  const isBranch = head.label !== '' && (state !== 'open' || !head.ref.startsWith('refs/'));
  return head.repo_id !== base.repo_id || !isBranch;
}

export function toPull(pull: GiteaPull): PullFacts {
  return {
    index: pull.number,
    title: pull.title,
    url: pull.html_url,
    state: pull.merged ? 'merged' : pull.state === 'open' ? 'open' : 'closed',
    author: toPerson(pull.user),
    head: { sha: pull.head.sha, branch: pull.head.ref },
    base: { branch: pull.base.ref },
    fork: isFromOutside(pull),
    headRepository: pull.head.repo?.full_name ?? null,
    mergeBase: pull.merge_base || null,
    mergeCommit: pull.merge_commit_sha,
    mergedBy: toPerson(pull.merged_by),
    mergedAt: pull.merged_at,
  };
}

export interface GiteaComment {
  id: number;
  user: GiteaUser | null;
  body: string;
  created_at: string;
  updated_at: string;
  /** `…/pulls/7`; empty where the comment belongs to an issue. */
  pull_request_url: string;
}

export function toListedComment({ id, user, body, created_at, updated_at }: GiteaComment): ListedComment {
  return { id, author: toPerson(user)?.id ?? 0, body, createdAt: created_at, updatedAt: updated_at };
}

/** Of the pull request that a comment belongs to; 0: it belongs to an issue. */
export const pullOfComment = ({ pull_request_url: url }: GiteaComment): number =>
  Number(/\/pulls\/(\d+)$/.exec(url)?.[1] ?? 0);
