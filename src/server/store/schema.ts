/**
 * The tables. Times are ISO 8601 UTC strings, JSON is text, booleans are 0 or 1, ids of Gitea are integers,
 * our own ids are sortable strings: so that SQLite and PostgreSQL hold the same values. Longer than a
 * module should be: row types are read best beside each other.
 */
export interface Schema {
  deliveries: DeliveryRow;
  repositories: RepositoryRow;
  repository_names: RepositoryNameRow;
  commands: CommandRow;
  commit_trees: CommitTreeRow;
  runs: RunRow;
  run_pulls: RunPullRow;
  outbox: OutboxRow;
  reports: ReportRow;
  releases: ReleaseRow;
  release_steps: ReleaseStepRow;
  holds: HoldRow;
  promotion_decisions: PromotionDecisionRow;
  sessions: SessionRow;
  sign_in_attempts: SignInAttemptRow;
  signing_keys: SigningKeyRow;
  audit: AuditRow;
  connections: ConnectionRow;
  workspace_answers: WorkspaceAnswerRow;
  leases: LeaseRow;
  restores: RestoreRow;
}

/** A received webhook, stored before it is acknowledged. */
export interface DeliveryRow {
  id: string;
  uuid: string;
  event: string;
  event_type: string;
  repository_id: number;
  /** sha-256 of what makes two deliveries the same; unique. */
  content_key: string;
  body: string;
  received_at: string;
  state: 'received' | 'processed' | 'failed';
  /** What came of it, in words. */
  outcome: string | null;
  attempts: number;
  next_attempt_at: string | null;
  processed_at: string | null;
}

/** A repository that a binding was fixed to. */
export interface RepositoryRow {
  id: number;
  full_name: string;
  url: string;
  default_branch: string;
  binding_id: string;
  fixed_at: string;
  /** Newest head of the production branch that was looked at; a push that never arrived shows as a difference. */
  seen_head: string | null;
  /** Configuration of the default branch as last read: JSON {commit, digest, state, configuration|problems}. */
  configuration: string | null;
  /** Last number given to a run. */
  last_run_number: number;
}

/** A name under which a repository was bound, in small letters: another repository of that name is another one. */
interface RepositoryNameRow {
  name: string;
  repository_id: number;
}

/** A slash command that was answered. */
export interface CommandRow {
  /** Gitea's id of the comment. */
  comment_id: number;
  repository_id: number;
  pull_index: number;
  author_id: number;
  line: string;
  outcome: 'done' | 'told' | 'refused' | 'not-understood';
  note: string | null;
  /** Head of the pull request then. */
  head: string;
  answered_at: string;
}

/** Files of a commit as far as they were looked at: a merge commit with a trained head's files is found by it. */
export interface CommitTreeRow {
  repository_id: number;
  commit_sha: string;
  tree_digest: string;
}

/** A training run. */
export interface RunRow {
  id: string;
  repository_id: number;
  number: number;
  /** sha-256 of the key (see docs/architecture.md); the idempotency token; unique. */
  token: string;
  commit_sha: string;
  /** sha-256 of the commit's files (path, mode, blob): commits with equal files have an equal one. */
  tree_digest: string;
  title: string;
  branch: string | null;
  trigger: string;
  trust: string;
  attempt: number;
  state: string;
  state_reason: string | null;
  /** JSON {id, name, fullName, avatarUrl} or null. */
  actor: string | null;
  /** JSON RepositoryConfiguration, with the commit and digest it was read at. */
  configuration: string;
  configuration_commit: string;
  configuration_digest: string;
  /** JSON name → value. */
  parameters: string;
  parameter_digest: string;
  principal: string | null;
  nonce: string;
  snapshot: string | null;
  job: string | null;
  databricks_run_id: string | null;
  databricks_url: string | null;
  experiment_id: string | null;
  mlflow_run_id: string | null;
  model_key: string | null;
  model_version: number | null;
  /** Frozen when the run ended: JSON name → number|null. */
  metrics: string | null;
  /** Frozen parameters as the training code logged them: JSON name → string. */
  logged_parameters: string | null;
  /** Frozen, thinned histories: JSON {metric: {steps, values, thinned}}. */
  histories: string | null;
  /** JSON string[]: metrics with more than one step. */
  history_metrics: string;
  /** JSON number[]: the primary metric while training, at most 24 values. */
  curve: string;
  /** JSON Task[]. */
  tasks: string;
  /** JSON {task, message, trace} or null. */
  error: string | null;
  /** Verdict against the baseline of the branch, JSON; pull requests have their own in run_pulls. */
  verdict: string | null;
  cancel_requested: number;
  /** Counts up with each change. */
  version: number;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  /** When the poller or a retry shall look next; null: final. */
  next_check_at: string | null;
  failures: number;
}

/** The pull requests that a run belongs to, each with its own verdict. */
export interface RunPullRow {
  run_id: string;
  repository_id: number;
  pull_index: number;
  verdict: string | null;
}

/** Something that must go out: exactly one effect in the end, in order per key, the newest wins. */
export interface OutboxRow {
  id: string;
  /** 'status' | 'report' | 'cancel' | 'promote' … */
  topic: string;
  /** Rows of one key go out in order. */
  key: string;
  payload: string;
  /** Gitea's id, as in the payload; null in messages that were done with before there was this column. */
  repository_id: number | null;
  state: 'pending' | 'done' | 'superseded' | 'parked';
  attempts: number;
  refusals: number;
  next_attempt_at: string;
  last_error: string | null;
  created_at: string;
  /** When it was sent, superseded or parked. */
  done_at: string | null;
}

/** The one comment of a pull request. */
export interface ReportRow {
  repository_id: number;
  pull_index: number;
  comment_id: number | null;
  body_digest: string | null;
  updated_at: string;
}

/** A change of what an alias (and an endpoint) points to. */
export interface ReleaseRow {
  id: string;
  repository_id: number;
  model_key: string;
  model_name: string;
  alias: string;
  endpoint: string | null;
  kind: string;
  from_version: number | null;
  to_version: number;
  state: string;
  /** JSON Person or null. */
  actor: string | null;
  /** JSON ReleaseRequester: who asked for what is under way; null: it was found at Databricks. */
  requester: string | null;
  reason: string | null;
  pull_index: number | null;
  commit_sha: string | null;
  /** JSON string[]. */
  approvals: string;
  plan_digest: string | null;
  run_id: string | null;
  /** JSON: the endpoint's configuration before, so that a half-done release can be undone. */
  endpoint_before: string | null;
  /** JSON {alias, traffic}: what was true when it ended. */
  is_now: string | null;
  error: string | null;
  created_at: string;
  ended_at: string | null;
}

export interface ReleaseStepRow {
  release_id: string;
  position: number;
  name: string;
  state: string;
  from_text: string;
  to_text: string;
  detail: string | null;
  ended_at: string | null;
}

/** Automatic promotion is stopped while a row is there. */
export interface HoldRow {
  /** Full name and alias: several repositories may bind the same model. */
  model_name: string;
  alias: string;
  since: string;
  /** JSON Person. */
  by: string;
  reason: string | null;
  release_id: string;
}

/** What became of a merged pull request: decided once, so that a repeated delivery changes nothing. */
export interface PromotionDecisionRow {
  repository_id: number;
  pull_index: number;
  outcome: 'promoted' | 'not-promoted';
  /** One sentence, as the comment shows it. */
  reason: string;
  release_id: string | null;
  decided_at: string;
}

/** The backend's own session. The cookie's value is stored hashed; Gitea's tokens are encrypted. */
export interface SessionRow {
  id_hash: string;
  user_id: number;
  /** JSON Person. */
  person: string;
  access_token: string;
  refresh_token: string | null;
  access_expires_at: string;
  created_at: string;
  expires_at: string;
}

export interface SignInAttemptRow {
  state_hash: string;
  browser_hash: string;
  code_verifier: string;
  nonce: string;
  mode: string;
  created_at: string;
}

/** The issuer's keys; the private half is encrypted. */
export interface SigningKeyRow {
  kid: string;
  public_jwk: string;
  private_key: string;
  created_at: string;
  /** Not used for signing after this, still published until `removed_at`. */
  retired_at: string | null;
}

/** One link of the chain. `body` is the canonical JSON that the hash covers. */
export interface AuditRow {
  sequence: number;
  at: string;
  action: string;
  outcome: string;
  actor_kind: string;
  actor_id: number | null;
  actor_name: string;
  repository_id: number | null;
  body: string;
  previous_hash: string;
  hash: string;
}

/** What a workspace answered last, shown while it does not answer. */
export interface WorkspaceAnswerRow {
  /** What was asked, and of which workspace. */
  key: string;
  /** JSON. */
  answer: string;
  read_at: string;
}

export interface ConnectionRow {
  workspace: string;
  state: string;
  since: string;
  last_ok_at: string | null;
  last_error: string | null;
}

/** A backup was put in the store's place. */
export interface RestoreRow {
  restored_at: string;
}

/** Who does one duty in the background. */
export interface LeaseRow {
  name: string;
  /** Unique per start of a process; null: it was given back. */
  holder: string | null;
  /** Grows with every change of the holder. */
  token: number;
  /** Milliseconds since 1970 by the database's clock: the one time that is compared between machines. */
  expires_at: number;
}
