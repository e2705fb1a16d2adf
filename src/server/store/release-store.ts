/** Longer than other stores because a release's row, steps, hold and decision are written and read together. */

import type { Selectable } from 'kysely';
import type { Person } from '../../contract/person.ts';
import type { ServedVersion } from '../registry/endpoint.ts';
import type { PromotionDecision, ReleaseStore, StoredHold } from '../registry/ports.ts';
import type { Step, StoredRelease } from '../registry/release.ts';
import type { ReleaseRequester } from '../registry/requester.ts';
import type { Connection } from './database.ts';
import type { HoldRow, ReleaseRow, ReleaseStepRow } from './schema.ts';

function parse<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
}

function text(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

function stepFromRow(row: Selectable<ReleaseStepRow>): Step {
  return {
    name: row.name as Step['name'],
    state: row.state as Step['state'],
    from: row.from_text,
    to: row.to_text,
    detail: row.detail,
    endedAt: row.ended_at,
  };
}

function releaseFromRow(row: Selectable<ReleaseRow>, steps: Step[]): StoredRelease {
  return {
    id: row.id,
    repository: row.repository_id,
    model: row.model_key,
    modelName: row.model_name,
    alias: row.alias,
    endpoint: row.endpoint,
    kind: row.kind as StoredRelease['kind'],
    fromVersion: row.from_version,
    toVersion: row.to_version,
    state: row.state as StoredRelease['state'],
    actor: parse<Person>(row.actor),
    requester: parse<ReleaseRequester>(row.requester),
    reason: row.reason,
    pull: row.pull_index,
    commit: row.commit_sha,
    approvals: parse<string[]>(row.approvals) ?? [],
    planDigest: row.plan_digest,
    run: row.run_id,
    endpointBefore: parse<ServedVersion[]>(row.endpoint_before),
    is: parse<NonNullable<StoredRelease['is']>>(row.is_now),
    error: row.error,
    steps,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

function holdFromRow(row: Selectable<HoldRow>): StoredHold {
  return {
    modelName: row.model_name,
    alias: row.alias,
    since: row.since,
    by: JSON.parse(row.by) as Person,
    reason: row.reason,
    release: row.release_id,
  };
}

/** Releases, steps, holds and merge decisions in the database. */
export function createReleaseStore(connection: Connection): ReleaseStore {
  async function newestRestore(): Promise<string | null> {
    const { at } = await connection
      .selectFrom('restores')
      .select((row) => row.fn.max('restored_at').as('at'))
      .executeTakeFirstOrThrow();
    return at;
  }

  async function withSteps(rows: Selectable<ReleaseRow>[]): Promise<StoredRelease[]> {
    if (rows.length === 0) return [];
    const steps = await connection
      .selectFrom('release_steps')
      .selectAll()
      .where(
        'release_id',
        'in',
        rows.map((row) => row.id),
      )
      .orderBy('position')
      .execute();
    return rows.map((row) =>
      releaseFromRow(row, steps.filter((step) => step.release_id === row.id).map(stepFromRow)),
    );
  }

  return {
    async insert(release) {
      await connection
        .insertInto('releases')
        .values({
          id: release.id,
          repository_id: release.repository,
          model_key: release.model,
          model_name: release.modelName,
          alias: release.alias,
          endpoint: release.endpoint,
          kind: release.kind,
          from_version: release.fromVersion,
          to_version: release.toVersion,
          state: release.state,
          actor: text(release.actor),
          requester: text(release.requester),
          reason: release.reason,
          pull_index: release.pull,
          commit_sha: release.commit,
          approvals: JSON.stringify(release.approvals),
          plan_digest: release.planDigest,
          run_id: release.run,
          endpoint_before: text(release.endpointBefore),
          is_now: text(release.is),
          error: release.error,
          created_at: release.createdAt,
          ended_at: release.endedAt,
        })
        .execute();
      for (const [position, step] of release.steps.entries()) {
        await connection
          .insertInto('release_steps')
          .values({
            release_id: release.id,
            position,
            name: step.name,
            state: step.state,
            from_text: step.from,
            to_text: step.to,
            detail: step.detail,
            ended_at: step.endedAt,
          })
          .execute();
      }
    },

    async find(repository, id) {
      const rows = await connection
        .selectFrom('releases')
        .selectAll()
        .where('repository_id', '=', repository)
        .where('id', '=', id)
        .execute();
      return (await withSteps(rows))[0] ?? null;
    },

    async list(repository, model) {
      let query = connection.selectFrom('releases').selectAll().where('repository_id', '=', repository);
      if (model !== undefined) query = query.where('model_key', '=', model);
      return withSteps(await query.orderBy('id', 'desc').execute());
    },

    async count(modelName, alias) {
      const { made } = await connection
        .selectFrom('releases')
        .select(({ fn }) => fn.countAll<number>().as('made'))
        .where('model_name', '=', modelName)
        .where('alias', '=', alias)
        .executeTakeFirstOrThrow();
      return made;
    },

    async isUnreleasedSinceRestore(modelName, alias) {
      const restoredAt = await newestRestore();
      if (restoredAt === null) return false;
      const released = await connection
        .selectFrom('releases')
        .select('id')
        .where('model_name', '=', modelName)
        .where('alias', '=', alias)
        .where('kind', '<>', 'adopted')
        .where('state', 'in', ['running', 'partial', 'succeeded'])
        .where('created_at', '>', restoredAt)
        .limit(1)
        .executeTakeFirst();
      return released === undefined;
    },

    async unfinished(modelName, alias) {
      const rows = await connection
        .selectFrom('releases')
        .selectAll()
        .where('model_name', '=', modelName)
        .where('alias', '=', alias)
        .where('state', 'in', ['running', 'partial'])
        .orderBy('id', 'desc')
        .execute();
      return (await withSteps(rows))[0] ?? null;
    },

    async running() {
      const rows = await connection
        .selectFrom('releases')
        .selectAll()
        .where('state', '=', 'running')
        .orderBy('id')
        .execute();
      return withSteps(rows);
    },

    async setStep(id, position, step) {
      await connection
        .updateTable('release_steps')
        .set({ state: step.state, detail: step.detail, ended_at: step.endedAt })
        .where('release_id', '=', id)
        .where('position', '=', position)
        .execute();
    },

    async setState(id, change) {
      await connection
        .updateTable('releases')
        .set({
          state: change.state,
          ...(change.is === undefined ? {} : { is_now: text(change.is) }),
          ...(change.error === undefined ? {} : { error: change.error }),
          ...(change.endedAt === undefined ? {} : { ended_at: change.endedAt }),
          ...(change.requester === undefined ? {} : { requester: text(change.requester) }),
        })
        .where('id', '=', id)
        .execute();
    },

    async hold(modelName, alias) {
      const row = await connection
        .selectFrom('holds')
        .selectAll()
        .where('model_name', '=', modelName)
        .where('alias', '=', alias)
        .executeTakeFirst();
      return row ? holdFromRow(row) : null;
    },

    async setHold(hold) {
      const row = {
        since: hold.since,
        by: JSON.stringify(hold.by),
        reason: hold.reason,
        release_id: hold.release,
      };
      await connection
        .insertInto('holds')
        .values({ model_name: hold.modelName, alias: hold.alias, ...row })
        .onConflict((conflict) => conflict.columns(['model_name', 'alias']).doUpdateSet(row))
        .execute();
    },

    async liftHold(modelName, alias) {
      const row = await connection
        .deleteFrom('holds')
        .where('model_name', '=', modelName)
        .where('alias', '=', alias)
        .returningAll()
        .executeTakeFirst();
      return row ? holdFromRow(row) : null;
    },

    restoredAt: newestRestore,

    async decision(repository, pull) {
      const row = await connection
        .selectFrom('promotion_decisions')
        .selectAll()
        .where('repository_id', '=', repository)
        .where('pull_index', '=', pull)
        .executeTakeFirst();
      if (!row) return null;
      return {
        repository,
        pull,
        outcome: row.outcome,
        reason: row.reason,
        release: row.release_id,
        decidedAt: row.decided_at,
      };
    },

    async decide(decision: PromotionDecision) {
      await connection
        .insertInto('promotion_decisions')
        .values({
          repository_id: decision.repository,
          pull_index: decision.pull,
          outcome: decision.outcome,
          reason: decision.reason,
          release_id: decision.release,
          decided_at: decision.decidedAt,
        })
        .execute();
    },
  };
}
