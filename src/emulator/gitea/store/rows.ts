// The forge's data model in one place: what each row holds. Longer than 200 lines because it is the one
// list of every table; it holds types only. All times are seconds since the epoch, as Gitea keeps them.

/** A level of access to a repository, in rising order. */
export type Access = 'none' | 'read' | 'write' | 'admin' | 'owner';

/** A user or an organisation: Gitea keeps both in one table, with one series of ids. */
export interface UserRow {
  id: number;
  kind: 'user' | 'organisation';
  name: string;
  /** Names are compared in lower case. */
  lowerName: string;
  fullName: string;
  email: string;
  /** `salt:key:cost` of scrypt; null for organisations. */
  password: string | null;
  isAdmin: boolean;
  /** The last part of the avatar's address. */
  avatar: string;
  description: string;
  website: string;
  location: string;
  visibility: string;
  language: string;
  /** 0 = never. */
  lastLogin: number;
  created: number;
}

export interface TeamRow {
  id: number;
  organisationId: number;
  name: string;
  description: string;
  permission: Access;
  includesAllRepositories: boolean;
  canCreateRepositories: boolean;
  /** Unit → access, as Gitea's `units_map`, for example `{"repo.code": "write"}`. */
  units: Record<string, string>;
}

export interface TeamMemberRow {
  id: number;
  teamId: number;
  userId: number;
}

export interface TeamRepositoryRow {
  id: number;
  teamId: number;
  repositoryId: number;
}

export interface RepositoryRow {
  id: number;
  ownerId: number;
  name: string;
  lowerName: string;
  description: string;
  website: string;
  isPrivate: boolean;
  /** The repository this one was forked from. */
  forkOf: number | null;
  isEmpty: boolean;
  isArchived: boolean;
  defaultBranch: string;
  topics: string[];
  /** Enabled units: code, issues, pulls, wiki, projects, releases, packages, actions. */
  units: string[];
  /** Main programming language, '' where unknown. */
  language: string;
  /** Size on disk in KiB. */
  size: number;
  /** Settings that the API can change and shows again, for example `allow_squash_merge`. */
  settings: Record<string, boolean | string>;
  /** The number the next pull request or issue gets. */
  nextIndex: number;
  created: number;
  updated: number;
}

export interface CollaboratorRow {
  id: number;
  repositoryId: number;
  userId: number;
  permission: Access;
}

export interface PullRow {
  id: number;
  /** The base repository. */
  repositoryId: number;
  index: number;
  /** Null when the fork was deleted. */
  headRepositoryId: number | null;
  headBranch: string;
  headSha: string;
  baseBranch: string;
  /** Head of the base branch when last looked at; frozen when merged. */
  baseSha: string;
  mergeBase: string;
  authorId: number;
  title: string;
  body: string;
  state: 'open' | 'closed';
  isMerged: boolean;
  mergedAt: number | null;
  mergedBy: number | null;
  mergeCommit: string | null;
  closedAt: number | null;
  created: number;
  updated: number;
}

/** What a timeline entry says; `comment` and `review` carry text. */
export type CommentKind =
  | 'comment'
  | 'review'
  | 'push'
  | 'merge'
  | 'close'
  | 'reopen'
  | 'dismiss'
  | 'title'
  | 'delete_branch';

/** One entry of a pull request's timeline; comments and events share one series of ids, as in Gitea. */
export interface CommentRow {
  id: number;
  repositoryId: number;
  pullId: number;
  kind: CommentKind;
  authorId: number;
  body: string;
  reviewId: number | null;
  /** push: `{commits: [sha], forced, before, after}`; merge: `{sha}`; title: `{from, to}`. */
  data: Record<string, unknown>;
  created: number;
  updated: number;
}

export type ReviewState = 'APPROVED' | 'REQUEST_CHANGES' | 'COMMENT' | 'PENDING' | 'REQUEST_REVIEW';

export interface ReviewRow {
  id: number;
  repositoryId: number;
  pullId: number;
  authorId: number;
  state: ReviewState;
  body: string;
  /** The head commit that was reviewed. */
  commitSha: string;
  /** By somebody whose approval the branch's rule counts. */
  isOfficial: boolean;
  /** The head has moved since. */
  isStale: boolean;
  isDismissed: boolean;
  created: number;
  updated: number;
}

export interface ReactionRow {
  id: number;
  /** Null for a reaction to the pull request itself. */
  commentId: number | null;
  pullId: number;
  userId: number;
  content: string;
  created: number;
}

export type StatusState = 'pending' | 'success' | 'error' | 'failure' | 'warning' | 'skipped';

export interface StatusRow {
  id: number;
  repositoryId: number;
  sha: string;
  state: StatusState;
  context: string;
  description: string;
  targetUrl: string;
  creatorId: number;
  created: number;
  updated: number;
}

export interface HookRow {
  id: number;
  /** Null for a system webhook. */
  repositoryId: number | null;
  kind: string;
  url: string;
  contentType: string;
  secret: string;
  events: string[];
  branchFilter: string;
  authorizationHeader: string;
  isActive: boolean;
  created: number;
  updated: number;
}

export interface DeliveryRow {
  id: number;
  hookId: number;
  uuid: string;
  event: string;
  eventType: string;
  /** The exact bytes that were signed and sent. */
  body: string;
  requestHeaders: Record<string, string>;
  isDelivered: boolean;
  isSucceeded: boolean;
  /** 0 where no answer came. */
  responseStatus: number;
  responseBody: string;
  created: number;
  /** Null while it waits. */
  delivered: number | null;
}

export interface TokenRow {
  id: number;
  userId: number;
  name: string;
  /** sha-256 of the token, hex. */
  hash: string;
  lastEight: string;
  scopes: string[];
  created: number;
  updated: number;
}

export interface ApplicationRow {
  id: number;
  userId: number;
  name: string;
  clientId: string;
  /** sha-256 of the secret, hex. */
  secretHash: string;
  redirectUris: string[];
  isConfidential: boolean;
  skipSecondaryAuthorization: boolean;
  created: number;
}

export interface GrantRow {
  id: number;
  applicationId: number;
  userId: number;
  /** Space separated, as first granted. */
  scope: string;
  nonce: string;
  created: number;
  updated: number;
}

export interface CodeRow {
  id: number;
  grantId: number;
  /** sha-256 of the code, hex. */
  hash: string;
  redirectUri: string;
  /** PKCE challenge, '' without PKCE. */
  challenge: string;
  challengeMethod: string;
  validUntil: number;
}

export interface SessionRow {
  id: number;
  /** sha-256 of the cookie's value, hex. */
  hash: string;
  userId: number;
  created: number;
}

export interface ProtectionRow {
  id: number;
  repositoryId: number;
  /** A branch name or a glob. */
  ruleName: string;
  priority: number;
  rule: ProtectionRule;
  created: number;
  updated: number;
}

/** What a branch protection demands, in the words of Gitea's API. */
export interface ProtectionRule {
  enable_push: boolean;
  enable_push_whitelist: boolean;
  push_whitelist_usernames: string[];
  push_whitelist_teams: string[];
  push_whitelist_deploy_keys: boolean;
  enable_force_push: boolean;
  enable_force_push_allowlist: boolean;
  force_push_allowlist_usernames: string[];
  force_push_allowlist_teams: string[];
  force_push_allowlist_deploy_keys: boolean;
  enable_merge_whitelist: boolean;
  merge_whitelist_usernames: string[];
  merge_whitelist_teams: string[];
  enable_status_check: boolean;
  status_check_contexts: string[];
  required_approvals: number;
  enable_approvals_whitelist: boolean;
  approvals_whitelist_username: string[];
  approvals_whitelist_teams: string[];
  block_on_rejected_reviews: boolean;
  block_on_official_review_requests: boolean;
  block_on_outdated_branch: boolean;
  dismiss_stale_approvals: boolean;
  ignore_stale_approvals: boolean;
  require_signed_commits: boolean;
  protected_file_patterns: string;
  unprotected_file_patterns: string;
  block_admin_merge_override: boolean;
}

/** Keys the instance made for itself, for example the one that signs tokens. */
export interface SecretRow {
  id: number;
  name: string;
  value: string;
}
