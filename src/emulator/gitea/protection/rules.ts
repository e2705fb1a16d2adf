import picomatch from 'picomatch';
import type { ForgeContext } from '../context.ts';
import { atLeast, permission, teamsOf } from '../repository/permission.ts';
import type { ProtectionRow, ProtectionRule, RepositoryRow, UserRow } from '../store/rows.ts';

/** What a rule demands where nothing was said. */
export const defaultRule: ProtectionRule = {
  enable_push: false,
  enable_push_whitelist: false,
  push_whitelist_usernames: [],
  push_whitelist_teams: [],
  push_whitelist_deploy_keys: false,
  enable_force_push: false,
  enable_force_push_allowlist: false,
  force_push_allowlist_usernames: [],
  force_push_allowlist_teams: [],
  force_push_allowlist_deploy_keys: false,
  enable_merge_whitelist: false,
  merge_whitelist_usernames: [],
  merge_whitelist_teams: [],
  enable_status_check: false,
  status_check_contexts: [],
  required_approvals: 0,
  enable_approvals_whitelist: false,
  approvals_whitelist_username: [],
  approvals_whitelist_teams: [],
  block_on_rejected_reviews: false,
  block_on_official_review_requests: false,
  block_on_outdated_branch: false,
  dismiss_stale_approvals: false,
  ignore_stale_approvals: false,
  require_signed_commits: false,
  protected_file_patterns: '',
  unprotected_file_patterns: '',
  block_admin_merge_override: false,
};

/** The first rule that protects a branch: a rule with its very name wins, then the lowest priority number. */
export function ruleFor(
  forge: ForgeContext,
  repository: RepositoryRow,
  branch: string,
): ProtectionRow | undefined {
  const rules = forge.store.protections.list({ repositoryId: repository.id }, { order: 'priority, id' });
  return (
    rules.find((one) => one.ruleName === branch) ??
    rules.find((one) => picomatch.isMatch(branch, one.ruleName, { dot: true }))
  );
}

/** Whether a user is on a rule's list, by name or through a team of the repository's organisation. */
function isListed(
  forge: ForgeContext,
  user: UserRow,
  repository: RepositoryRow,
  names: string[],
  teams: string[],
): boolean {
  const isNamed = names.some((name) => name.toLowerCase() === user.lowerName);
  return isNamed || teamsOf(forge, user, repository).some((team) => teams.includes(team.name));
}

/** Whether a user may push to a branch under a rule. */
export function mayPush(
  forge: ForgeContext,
  user: UserRow,
  repository: RepositoryRow,
  rule: ProtectionRule,
): boolean {
  if (!rule.enable_push) return false;
  return rule.enable_push_whitelist
    ? isListed(forge, user, repository, rule.push_whitelist_usernames, rule.push_whitelist_teams)
    : atLeast(permission(forge, user, repository), 'write');
}

/** Whether a user may rewrite a branch under a rule. */
export function mayForcePush(
  forge: ForgeContext,
  user: UserRow,
  repository: RepositoryRow,
  rule: ProtectionRule,
): boolean {
  if (!rule.enable_force_push) return false;
  return rule.enable_force_push_allowlist
    ? isListed(forge, user, repository, rule.force_push_allowlist_usernames, rule.force_push_allowlist_teams)
    : mayPush(forge, user, repository, rule);
}

/**
 * Whether a rule lets a user merge. Without an allow-list everybody who can write to the code is let in, which
 * is why Gitea's `user_can_merge` says true to every writer there.
 */
export function mayMerge(
  forge: ForgeContext,
  user: UserRow,
  repository: RepositoryRow,
  rule: ProtectionRule,
): boolean {
  return rule.enable_merge_whitelist
    ? isListed(forge, user, repository, rule.merge_whitelist_usernames, rule.merge_whitelist_teams)
    : atLeast(permission(forge, user, repository), 'write');
}

/** Whether a user's review counts as an official one for a branch. */
export function isOfficialReviewer(
  forge: ForgeContext,
  user: UserRow,
  repository: RepositoryRow,
  branch: string,
): boolean {
  const rule = ruleFor(forge, repository, branch)?.rule;
  return rule?.enable_approvals_whitelist
    ? isListed(forge, user, repository, rule.approvals_whitelist_username, rule.approvals_whitelist_teams)
    : atLeast(permission(forge, user, repository), 'write');
}
