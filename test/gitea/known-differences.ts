import type { ForgeVersion } from '../../src/emulator/gitea/releases.ts';

interface Differences {
  /** By the name of the answer in the recorded story. */
  answers: Record<string, string[]>;
  /** By event, type and action. */
  webhooks: Record<string, string[]>;
}

const noReviewers = ['assignees', 'requested_reviewers'];
const empty = (at: string, fields: string[]) =>
  fields.map((field) => `${at}.${field}: null recorded, list answered`);
const unknown = (fields: string[]) => fields.map((field) => `$.${field}: not recorded`);

/**
 * Where the emulator's modes differ in shape from the real releases ("recorded" is the real one, "answered" the
 * emulator). Nothing of it is read by the product. Sources: modules/structs of each release's tree.
 */
export const known: Partial<Record<ForgeVersion, Differences>> = {
  // Built from a tree of August 2026 that calls itself 1.27.1.
  '1.27': {
    answers: {
      'branch-protection-create': [
        '$.enable_bypass_allowlist: missing',
        '$.bypass_allowlist_usernames: missing',
        '$.bypass_allowlist_teams: missing',
      ],
      'error-not-found': unknown(['errors']),
    },
    webhooks: {},
  },
  '1.22': {
    answers: {
      'branch-protection-create': unknown([
        'priority',
        'enable_force_push',
        'enable_force_push_allowlist',
        'force_push_allowlist_usernames',
        'force_push_allowlist_teams',
        'force_push_allowlist_deploy_keys',
        'block_admin_merge_override',
      ]),
      contents: unknown(['last_committer_date', 'last_author_date']),
      'contents-of-fork-head': unknown(['last_committer_date', 'last_author_date']),
      'pull-create': empty('$', noReviewers),
      'pull-create-from-fork': empty('$', noReviewers),
      'pull-get': empty('$', ['assignees']),
    },
    webhooks: {
      'issue_comment pull_request_comment created': unknown(['pull_request']),
      'issue_comment pull_request_comment edited': unknown([
        'pull_request',
        'changes.added_labels',
        'changes.removed_labels',
      ]),
      'pull_request pull_request closed': empty('$.pull_request', ['assignees']),
      'pull_request pull_request opened': empty('$.pull_request', noReviewers),
      'pull_request pull_request reopened': empty('$.pull_request', ['assignees']),
      'pull_request pull_request_sync synchronized': empty('$.pull_request', noReviewers),
      'pull_request_approved pull_request_review_approved reviewed': [
        ...empty('$.pull_request', ['assignees']),
        '$.requested_reviewer: null recorded, object answered',
      ],
      'pull_request_rejected pull_request_review_rejected reviewed': [
        ...empty('$.pull_request', ['assignees']),
        '$.requested_reviewer: null recorded, object answered',
      ],
    },
  },
};
