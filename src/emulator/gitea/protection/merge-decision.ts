import type { ForgeContext } from '../context.ts';
import { changedFiles } from '../git/diff.ts';
import type { Mergeability } from '../pull/mergeability.ts';
import { mergeability } from '../pull/mergeability.ts';
import { baseRepository, isDraft } from '../pull/pulls.ts';
import { combinedState, latestStatuses } from '../pull/statuses.ts';
import { atLeast, permission } from '../repository/permission.ts';
import type { ProtectionRule, PullRow, StatusRow, StatusState, UserRow } from '../store/rows.ts';
import { matchesContext, matchingFiles } from './patterns.ts';
import { defaultRule, mayMerge, ruleFor } from './rules.ts';

/** What keeps a pull request from being merged. `isRule`: a branch rule that an admin may override. */
export interface MergeReason {
  code:
    | 'merged'
    | 'closed'
    | 'not_allowed'
    | 'work_in_progress'
    | 'conflict'
    | 'status'
    | 'approvals'
    | 'rejected'
    | 'review_requested'
    | 'outdated'
    | 'protected_files';
  /** Gitea's words. */
  message: string;
  isRule: boolean;
}

export interface RequiredContext {
  /** A status context or a glob. */
  pattern: string;
  state: StatusState;
  matches: StatusRow[];
}

export interface MergeDecision {
  /** This user may merge this pull request now. */
  allowed: boolean;
  /** This user is among those who may merge into the branch at all. */
  mayMerge: boolean;
  /** In the order in which Gitea checks them. */
  reasons: MergeReason[];
  /** This user may merge against the branch's rules (`force_merge`). */
  canForce: boolean;
  isProtected: boolean;
  approvals: { granted: number; required: number };
  requiredContexts: RequiredContext[];
  mergeability: Mergeability;
}

/** Decides whether a user (undefined: nobody signed in) may merge a pull request, and tells every obstacle. */
export async function canMerge(
  forge: ForgeContext,
  user: UserRow | undefined,
  pull: PullRow,
): Promise<MergeDecision> {
  const repository = baseRepository(forge, pull);
  const found = ruleFor(forge, repository, pull.baseBranch)?.rule;
  const rule = found ?? defaultRule;
  const state = await mergeability(forge, pull);
  const reasons: MergeReason[] = [];
  const block = (code: MergeReason['code'], message: string, isRule = false) =>
    reasons.push({ code, message, isRule });

  const isAllowed =
    user !== undefined &&
    atLeast(permission(forge, user, repository), 'write') &&
    mayMerge(forge, user, repository, rule);
  if (pull.isMerged) block('merged', '');
  else if (pull.state === 'closed') block('closed', '');
  if (!isAllowed) block('not_allowed', 'User not allowed to merge PR');
  if (isDraft(pull)) block('work_in_progress', 'Work in progress PRs cannot be merged');
  if (state.state === 'conflict') block('conflict', 'Please try again later');

  const requiredContexts = statusChecks(forge, pull, rule);
  if (requiredContexts.some((one) => one.state !== 'success')) {
    block('status', 'Not all required status checks successful', true);
  }
  const reviews = forge.store.reviews.list({ pullId: pull.id, isOfficial: true, isDismissed: false });
  const approvals = {
    granted: reviews.filter(
      (one) => one.state === 'APPROVED' && !(rule.ignore_stale_approvals && one.isStale),
    ).length,
    required: rule.required_approvals,
  };
  if (approvals.granted < approvals.required) block('approvals', 'Does not have enough approvals', true);
  if (rule.block_on_rejected_reviews && reviews.some((one) => one.state === 'REQUEST_CHANGES')) {
    block('rejected', 'There are requested changes', true);
  }
  if (rule.block_on_official_review_requests && reviews.some((one) => one.state === 'REQUEST_REVIEW')) {
    block('review_requested', 'There are official review requests', true);
  }
  if (rule.block_on_outdated_branch && state.mergeBase !== state.baseSha) {
    block('outdated', 'The head branch is behind the base branch', true);
  }
  if (rule.protected_file_patterns !== '' && state.mergeBase !== '') {
    const changed = await changedFiles(forge.git, repository, state.mergeBase, pull.headSha);
    const paths = changed.flatMap((one) => [one.path, ...(one.previousPath ? [one.previousPath] : [])]);
    if (matchingFiles(rule.protected_file_patterns, paths).length > 0) {
      block('protected_files', 'Changed protected files', true);
    }
  }
  return {
    allowed: reasons.length === 0,
    mayMerge: isAllowed,
    reasons,
    canForce:
      user !== undefined &&
      isAllowed &&
      atLeast(permission(forge, user, repository), 'admin') &&
      !rule.block_admin_merge_override &&
      reasons.every((one) => one.isRule),
    isProtected: found !== undefined,
    approvals,
    requiredContexts,
    mergeability: state,
  };
}

function statusChecks(forge: ForgeContext, pull: PullRow, rule: ProtectionRule): RequiredContext[] {
  if (!rule.enable_status_check) return [];
  const statuses = latestStatuses(forge, { id: pull.repositoryId }, pull.headSha);
  if (rule.status_check_contexts.length === 0) {
    return statuses.length === 0 ? [] : [{ pattern: '*', state: combinedState(statuses), matches: statuses }];
  }
  return rule.status_check_contexts.map((pattern) => {
    const matches = statuses.filter((status) => matchesContext(pattern, status.context));
    return { pattern, matches, state: combinedState(matches) };
  });
}
