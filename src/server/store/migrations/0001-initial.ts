import type { Kysely } from 'kysely';
import { columnTypes } from '../column-types.ts';

/**
 * The first schema. Longer than a module should be because a migration is one statement of facts: see
 * schema.ts for what the columns mean.
 */
export const initial = {
  async up(db: Kysely<unknown>): Promise<void> {
    const { text, integer } = columnTypes(db);
    await db.schema
      .createTable('deliveries')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('uuid', text, (c) => c.notNull())
      .addColumn('event', text, (c) => c.notNull())
      .addColumn('event_type', text, (c) => c.notNull())
      .addColumn('repository_id', integer, (c) => c.notNull())
      .addColumn('content_key', text, (c) => c.notNull().unique())
      .addColumn('body', text, (c) => c.notNull())
      .addColumn('received_at', text, (c) => c.notNull())
      .addColumn('state', text, (c) => c.notNull())
      .addColumn('outcome', text)
      .addColumn('attempts', integer, (c) => c.notNull())
      .addColumn('next_attempt_at', text)
      .addColumn('processed_at', text)
      .execute();
    await db.schema
      .createIndex('deliveries_due')
      .on('deliveries')
      .columns(['state', 'next_attempt_at'])
      .execute();

    await db.schema
      .createTable('repositories')
      .addColumn('id', integer, (c) => c.primaryKey())
      .addColumn('full_name', text, (c) => c.notNull())
      .addColumn('url', text, (c) => c.notNull())
      .addColumn('default_branch', text, (c) => c.notNull())
      .addColumn('binding_id', text, (c) => c.notNull())
      .addColumn('fixed_at', text, (c) => c.notNull())
      .addColumn('seen_head', text)
      .addColumn('configuration', text)
      .addColumn('last_run_number', integer, (c) => c.notNull())
      .execute();

    await db.schema
      .createTable('commit_trees')
      .addColumn('repository_id', integer, (c) => c.notNull())
      .addColumn('commit_sha', text, (c) => c.notNull())
      .addColumn('tree_digest', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('commit_trees_key', ['repository_id', 'commit_sha'])
      .execute();

    await db.schema
      .createTable('runs')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('repository_id', integer, (c) => c.notNull())
      .addColumn('number', integer, (c) => c.notNull())
      .addColumn('token', text, (c) => c.notNull().unique())
      .addColumn('commit_sha', text, (c) => c.notNull())
      .addColumn('tree_digest', text, (c) => c.notNull())
      .addColumn('title', text, (c) => c.notNull())
      .addColumn('branch', text)
      .addColumn('trigger', text, (c) => c.notNull())
      .addColumn('trust', text, (c) => c.notNull())
      .addColumn('attempt', integer, (c) => c.notNull())
      .addColumn('state', text, (c) => c.notNull())
      .addColumn('state_reason', text)
      .addColumn('actor', text)
      .addColumn('configuration', text, (c) => c.notNull())
      .addColumn('configuration_commit', text, (c) => c.notNull())
      .addColumn('configuration_digest', text, (c) => c.notNull())
      .addColumn('parameters', text, (c) => c.notNull())
      .addColumn('parameter_digest', text, (c) => c.notNull())
      .addColumn('principal', text)
      .addColumn('nonce', text, (c) => c.notNull())
      .addColumn('snapshot', text)
      .addColumn('job', text)
      .addColumn('databricks_run_id', text)
      .addColumn('databricks_url', text)
      .addColumn('experiment_id', text)
      .addColumn('mlflow_run_id', text)
      .addColumn('model_key', text)
      .addColumn('model_version', integer)
      .addColumn('metrics', text)
      .addColumn('logged_parameters', text)
      .addColumn('histories', text)
      .addColumn('history_metrics', text, (c) => c.notNull())
      .addColumn('curve', text, (c) => c.notNull())
      .addColumn('tasks', text, (c) => c.notNull())
      .addColumn('error', text)
      .addColumn('verdict', text)
      .addColumn('cancel_requested', integer, (c) => c.notNull())
      .addColumn('version', integer, (c) => c.notNull())
      .addColumn('created_at', text, (c) => c.notNull())
      .addColumn('started_at', text)
      .addColumn('ended_at', text)
      .addColumn('next_check_at', text)
      .addColumn('failures', integer, (c) => c.notNull())
      .execute();
    await db.schema
      .createIndex('runs_number')
      .unique()
      .on('runs')
      .columns(['repository_id', 'number'])
      .execute();
    await db.schema.createIndex('runs_commit').on('runs').columns(['repository_id', 'commit_sha']).execute();
    await db.schema.createIndex('runs_tree').on('runs').columns(['repository_id', 'tree_digest']).execute();
    await db.schema.createIndex('runs_due').on('runs').columns(['next_check_at']).execute();
    await db.schema
      .createIndex('runs_version')
      .on('runs')
      .columns(['repository_id', 'model_key', 'model_version'])
      .execute();

    await db.schema
      .createTable('run_pulls')
      .addColumn('run_id', text, (c) => c.notNull())
      .addColumn('repository_id', integer, (c) => c.notNull())
      .addColumn('pull_index', integer, (c) => c.notNull())
      .addColumn('verdict', text)
      .addPrimaryKeyConstraint('run_pulls_key', ['run_id', 'pull_index'])
      .execute();
    await db.schema
      .createIndex('run_pulls_pull')
      .on('run_pulls')
      .columns(['repository_id', 'pull_index'])
      .execute();

    await db.schema
      .createTable('outbox')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('topic', text, (c) => c.notNull())
      .addColumn('key', text, (c) => c.notNull())
      .addColumn('payload', text, (c) => c.notNull())
      .addColumn('state', text, (c) => c.notNull())
      .addColumn('attempts', integer, (c) => c.notNull())
      .addColumn('next_attempt_at', text, (c) => c.notNull())
      .addColumn('last_error', text)
      .addColumn('created_at', text, (c) => c.notNull())
      .addColumn('done_at', text)
      .execute();
    await db.schema.createIndex('outbox_due').on('outbox').columns(['state', 'next_attempt_at']).execute();
    await db.schema.createIndex('outbox_key').on('outbox').columns(['key', 'state']).execute();

    await db.schema
      .createTable('reports')
      .addColumn('repository_id', integer, (c) => c.notNull())
      .addColumn('pull_index', integer, (c) => c.notNull())
      .addColumn('comment_id', integer)
      .addColumn('body_digest', text)
      .addColumn('updated_at', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('reports_key', ['repository_id', 'pull_index'])
      .execute();

    await db.schema
      .createTable('releases')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('repository_id', integer, (c) => c.notNull())
      .addColumn('model_key', text, (c) => c.notNull())
      .addColumn('model_name', text, (c) => c.notNull())
      .addColumn('alias', text, (c) => c.notNull())
      .addColumn('endpoint', text)
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('from_version', integer)
      .addColumn('to_version', integer, (c) => c.notNull())
      .addColumn('state', text, (c) => c.notNull())
      .addColumn('actor', text)
      .addColumn('reason', text)
      .addColumn('pull_index', integer)
      .addColumn('commit_sha', text)
      .addColumn('approvals', text, (c) => c.notNull())
      .addColumn('plan_digest', text)
      .addColumn('run_id', text)
      .addColumn('endpoint_before', text)
      .addColumn('is_now', text)
      .addColumn('error', text)
      .addColumn('created_at', text, (c) => c.notNull())
      .addColumn('ended_at', text)
      .execute();
    await db.schema
      .createIndex('releases_model')
      .on('releases')
      .columns(['repository_id', 'model_key', 'id'])
      .execute();

    await db.schema
      .createTable('release_steps')
      .addColumn('release_id', text, (c) => c.notNull())
      .addColumn('position', integer, (c) => c.notNull())
      .addColumn('name', text, (c) => c.notNull())
      .addColumn('state', text, (c) => c.notNull())
      .addColumn('from_text', text, (c) => c.notNull())
      .addColumn('to_text', text, (c) => c.notNull())
      .addColumn('detail', text)
      .addColumn('ended_at', text)
      .addPrimaryKeyConstraint('release_steps_key', ['release_id', 'position'])
      .execute();

    await db.schema
      .createTable('holds')
      .addColumn('model_name', text, (c) => c.notNull())
      .addColumn('alias', text, (c) => c.notNull())
      .addColumn('since', text, (c) => c.notNull())
      .addColumn('by', text, (c) => c.notNull())
      .addColumn('reason', text)
      .addColumn('release_id', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('holds_key', ['model_name', 'alias'])
      .execute();

    await db.schema
      .createTable('promotion_decisions')
      .addColumn('repository_id', integer, (c) => c.notNull())
      .addColumn('pull_index', integer, (c) => c.notNull())
      .addColumn('outcome', text, (c) => c.notNull())
      .addColumn('reason', text, (c) => c.notNull())
      .addColumn('release_id', text)
      .addColumn('decided_at', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('promotion_decisions_key', ['repository_id', 'pull_index'])
      .execute();

    await db.schema
      .createTable('sessions')
      .addColumn('id_hash', text, (c) => c.primaryKey())
      .addColumn('user_id', integer, (c) => c.notNull())
      .addColumn('person', text, (c) => c.notNull())
      .addColumn('access_token', text, (c) => c.notNull())
      .addColumn('refresh_token', text)
      .addColumn('access_expires_at', text, (c) => c.notNull())
      .addColumn('created_at', text, (c) => c.notNull())
      .addColumn('expires_at', text, (c) => c.notNull())
      .execute();

    await db.schema
      .createTable('sign_in_attempts')
      .addColumn('state_hash', text, (c) => c.primaryKey())
      .addColumn('browser_hash', text, (c) => c.notNull())
      .addColumn('code_verifier', text, (c) => c.notNull())
      .addColumn('nonce', text, (c) => c.notNull())
      .addColumn('mode', text, (c) => c.notNull())
      .addColumn('created_at', text, (c) => c.notNull())
      .execute();

    await db.schema
      .createTable('signing_keys')
      .addColumn('kid', text, (c) => c.primaryKey())
      .addColumn('public_jwk', text, (c) => c.notNull())
      .addColumn('private_key', text, (c) => c.notNull())
      .addColumn('created_at', text, (c) => c.notNull())
      .addColumn('retired_at', text)
      .execute();

    await db.schema
      .createTable('audit')
      .addColumn('sequence', integer, (c) => c.primaryKey())
      .addColumn('at', text, (c) => c.notNull())
      .addColumn('action', text, (c) => c.notNull())
      .addColumn('outcome', text, (c) => c.notNull())
      .addColumn('actor_kind', text, (c) => c.notNull())
      .addColumn('actor_id', integer)
      .addColumn('actor_name', text, (c) => c.notNull())
      .addColumn('repository_id', integer)
      .addColumn('body', text, (c) => c.notNull())
      .addColumn('previous_hash', text, (c) => c.notNull())
      .addColumn('hash', text, (c) => c.notNull().unique())
      .execute();
    await db.schema
      .createIndex('audit_repository')
      .on('audit')
      .columns(['repository_id', 'sequence'])
      .execute();

    await db.schema
      .createTable('connections')
      .addColumn('workspace', text, (c) => c.primaryKey())
      .addColumn('state', text, (c) => c.notNull())
      .addColumn('since', text, (c) => c.notNull())
      .addColumn('last_ok_at', text)
      .addColumn('last_error', text)
      .execute();
  },
};
