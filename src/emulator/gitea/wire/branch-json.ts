import type { ForgeContext } from '../context.ts';
import { readCommit } from '../git/commits.ts';
import { mayMerge, mayPush, ruleFor } from '../protection/rules.ts';
import { atLeast, permission } from '../repository/permission.ts';
import type { ProtectionRow, RepositoryRow, UserRow } from '../store/rows.ts';
import { payloadCommitJson } from './commit-json.ts';
import { timestamp } from './timestamp.ts';

/** A branch as the API shows it: its rule in short, and what the asking user may do with it. */
export async function branchJson(
  forge: ForgeContext,
  repository: RepositoryRow,
  name: string,
  sha: string,
  viewer: UserRow | undefined,
) {
  const row = ruleFor(forge, repository, name);
  const access = permission(forge, viewer, repository);
  const canWrite = atLeast(access, 'write');
  const commit = await readCommit(forge.git, repository, sha);
  return {
    name,
    commit: await payloadCommitJson(forge, repository, commit, false),
    protected: row !== undefined,
    required_approvals: row?.rule.required_approvals ?? 0,
    enable_status_check: row?.rule.enable_status_check ?? false,
    status_check_contexts: row?.rule.status_check_contexts ?? [],
    user_can_push: row ? viewer !== undefined && mayPush(forge, viewer, repository, row.rule) : canWrite,
    user_can_merge: row ? viewer !== undefined && mayMerge(forge, viewer, repository, row.rule) : canWrite,
    effective_branch_protection_name: row !== undefined && atLeast(access, 'admin') ? row.ruleName : '',
  };
}

/** A branch protection as the API shows it to repository admins. */
export function protectionJson(row: ProtectionRow) {
  const isGlob = /[*?[\]{}]/.test(row.ruleName);
  return {
    branch_name: isGlob ? '' : row.ruleName,
    rule_name: row.ruleName,
    priority: row.priority,
    ...row.rule,
    created_at: timestamp(row.created),
    updated_at: timestamp(row.updated),
  };
}
