/**
 * The runs table and its links to pull requests. Longer than most modules because one port has many questions;
 * each is one query.
 */
import type { SelectQueryBuilder } from 'kysely';
import { sql } from 'kysely';
import type { Verdict } from '../../contract/metric.ts';
import { beyondAnyPause } from '../outbox/due.ts';
import type { Run, RunFilter, RunStore, Series } from '../training/ports.ts';
import { activeStates, caredForBy, runStates } from '../training/transitions.ts';
import type { Connection } from './database.ts';
import { runColumns, toColumns, toRow, toRun } from './run-row.ts';
import type { Schema } from './schema.ts';
import { sortableId } from './sortable-id.ts';

const statesOf = (carer: 'watcher' | 'outbox') => runStates.filter((state) => caredForBy(state) === carer);

type RunQuery<O> = SelectQueryBuilder<Schema, 'runs', O>;

const columns = Object.values(runColumns).map((column) => `runs.${column}` as const);

/** `%` and `_` in a search are letters. */
const like = (text: string) => text.replace(/[\\%_]/g, '\\$&');

function matching<O>(query: RunQuery<O>, filter: RunFilter): RunQuery<O> {
  let narrowed = query.where('runs.repository_id', '=', filter.repositoryId);
  const { states, branch, pull, actor, text } = filter;
  if (states) narrowed = narrowed.where('runs.state', 'in', [...states]);
  if (branch !== undefined) narrowed = narrowed.where('runs.branch', '=', branch);
  if (pull !== undefined) {
    narrowed = narrowed.where('runs.id', 'in', ({ selectFrom }) =>
      selectFrom('run_pulls')
        .select('run_id')
        .where('repository_id', '=', filter.repositoryId)
        .where('pull_index', '=', pull),
    );
  }
  if (actor !== undefined) {
    // Letters are equal, large or small, on SQLite by itself and on PostgreSQL by lower(); as in names of Gitea.
    const fragment = `%${like(`"name":${JSON.stringify(actor)}`.toLowerCase())}%`;
    narrowed = narrowed.where(sql<boolean>`lower(runs.actor) like ${fragment} escape '\\'`);
  }
  if (text) {
    const anywhere = `%${like(text.toLowerCase())}%`;
    const number = /^#?\d{1,9}$/.test(text) ? Number(text.replace('#', '')) : -1;
    narrowed = narrowed.where(({ or, eb }) =>
      or([
        sql<boolean>`lower(runs.title) like ${anywhere} escape '\\'`,
        sql<boolean>`runs.commit_sha like ${`${like(text.toLowerCase())}%`} escape '\\'`,
        eb('runs.number', '=', number),
      ]),
    );
  }
  return narrowed;
}

/** See the port for what each method promises. */
export function createRunStore(connection: Connection): RunStore {
  const select = () => connection.selectFrom('runs').select(columns);
  const boundBy = (bindings: readonly string[]) =>
    connection.selectFrom('repositories').select('id').where('binding_id', 'in', bindings);

  async function withPulls(rows: Record<string, unknown>[]): Promise<Run[]> {
    if (rows.length === 0) return [];
    const runs = rows.map(toRun);
    const links = await connection
      .selectFrom('run_pulls')
      .select(['run_id', 'pull_index', 'verdict'])
      .where(
        'run_id',
        'in',
        runs.map((run) => run.id),
      )
      .orderBy('pull_index')
      .execute();
    return runs.map((run) => ({
      ...run,
      pulls: links
        .filter((link) => link.run_id === run.id)
        .map((link) => ({
          index: link.pull_index,
          verdict: link.verdict === null ? null : (JSON.parse(link.verdict) as Verdict),
        })),
    }));
  }
  const one = async (rows: Record<string, unknown>[]) => (await withPulls(rows))[0] ?? null;

  return {
    async create(run) {
      const known = await connection
        .selectFrom('runs')
        .select('id')
        .where('token', '=', run.token)
        .executeTakeFirst();
      if (known) return null;
      const { last_run_number: number } = await connection
        .updateTable('repositories')
        .set((column) => ({ last_run_number: column('last_run_number', '+', 1) }))
        .where('id', '=', run.repositoryId)
        .returning('last_run_number')
        .executeTakeFirstOrThrow();
      const created: Omit<Run, 'pulls'> = {
        ...run,
        id: sortableId(Date.parse(run.createdAt)),
        number,
        snapshot: null,
        job: null,
        databricksRunId: null,
        databricksUrl: null,
        experimentId: null,
        mlflowRunId: null,
        modelVersion: null,
        metrics: null,
        loggedParameters: null,
        historyMetrics: [],
        curve: [],
        tasks: [],
        error: null,
        verdict: null,
        cancelRequested: false,
        version: 1,
        startedAt: null,
        endedAt: null,
        failures: 0,
      };
      await connection.insertInto('runs').values(toRow(created)).execute();
      return { ...created, pulls: [] };
    },

    async find(repositoryId, id) {
      return await one(
        await select().where('repository_id', '=', repositoryId).where('id', '=', id).execute(),
      );
    },

    async findById(id) {
      return await one(await select().where('id', '=', id).execute());
    },

    async findByToken(token) {
      return await one(await select().where('token', '=', token).execute());
    },

    async update(id, version, change) {
      const changed = await connection
        .updateTable('runs')
        .set({ ...toColumns(change), version: version + 1 })
        .where('id', '=', id)
        .where('version', '=', version)
        .returning('id')
        .executeTakeFirst();
      return changed !== undefined;
    },

    async move(id, version, { from, fields }, change) {
      const changed = await connection
        .updateTable('runs')
        .set({ ...toColumns({ ...change, ...fields }), version: version + 1 })
        .where('id', '=', id)
        .where('version', '=', version)
        .where('state', '=', from)
        .returning('id')
        .executeTakeFirst();
      return changed !== undefined;
    },

    async linkPull(runId, repositoryId, index) {
      const linked = await connection
        .insertInto('run_pulls')
        .values({ run_id: runId, repository_id: repositoryId, pull_index: index, verdict: null })
        .onConflict((conflict) => conflict.columns(['run_id', 'pull_index']).doNothing())
        .returning('run_id')
        .executeTakeFirst();
      if (!linked) return;
      // Whoever is about to end this run read it without this pull request: it must read it again.
      await connection
        .updateTable('runs')
        .set((column) => ({ version: column('version', '+', 1) }))
        .where('id', '=', runId)
        .execute();
    },

    async histories(id) {
      const row = await connection
        .selectFrom('runs')
        .select('histories')
        .where('id', '=', id)
        .executeTakeFirst();
      return row?.histories ? (JSON.parse(row.histories) as Record<string, Series>) : {};
    },

    async saveHistories(id, histories) {
      await connection
        .updateTable('runs')
        .set({ histories: JSON.stringify(histories) })
        .where('id', '=', id)
        .execute();
    },

    async setPullVerdict(runId, index, verdict) {
      await connection
        .updateTable('run_pulls')
        .set({ verdict: JSON.stringify(verdict) })
        .where('run_id', '=', runId)
        .where('pull_index', '=', index)
        .execute();
    },

    async ofPull(repositoryId, index, limit) {
      const query = matching(select(), { repositoryId, pull: index });
      return await withPulls(await query.orderBy('runs.number', 'desc').limit(limit).execute());
    },

    async ofCommit(repositoryId, commit) {
      const query = select().where('repository_id', '=', repositoryId).where('commit_sha', '=', commit);
      return await withPulls(await query.orderBy('number', 'desc').execute());
    },

    async ofTree(repositoryId, treeDigest) {
      const query = select().where('repository_id', '=', repositoryId).where('tree_digest', '=', treeDigest);
      return await withPulls(await query.orderBy('number', 'desc').execute());
    },

    async treeOf(repositoryId, commit) {
      const row = await connection
        .selectFrom('commit_trees')
        .select('tree_digest')
        .where('repository_id', '=', repositoryId)
        .where('commit_sha', '=', commit)
        .executeTakeFirst();
      return row?.tree_digest ?? null;
    },

    async commitsWithoutRun(repositoryId, treeDigest) {
      const rows = await connection
        .selectFrom('commit_trees')
        .select('commit_sha')
        .where('repository_id', '=', repositoryId)
        .where('tree_digest', '=', treeDigest)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('runs')
                .select('runs.id')
                .where('runs.repository_id', '=', repositoryId)
                .whereRef('runs.commit_sha', '=', 'commit_trees.commit_sha'),
            ),
          ),
        )
        .execute();
      return rows.map((row) => row.commit_sha);
    },

    async rememberTree(repositoryId, commit, treeDigest) {
      await connection
        .insertInto('commit_trees')
        .values({ repository_id: repositoryId, commit_sha: commit, tree_digest: treeDigest })
        .onConflict((conflict) => conflict.columns(['repository_id', 'commit_sha']).doNothing())
        .execute();
    },

    async ofVersion(repositoryId, modelKey, version) {
      const query = select()
        .where('repository_id', '=', repositoryId)
        .where('model_key', '=', modelKey)
        .where('model_version', '=', version);
      return await one(await query.orderBy('number').limit(1).execute());
    },

    async ofMlflowRun(repositoryId, mlflowRunId) {
      const query = select()
        .where('repository_id', '=', repositoryId)
        .where('mlflow_run_id', '=', mlflowRunId);
      return await one(await query.orderBy('number').limit(1).execute());
    },

    async highestAttempt(key) {
      const row = await connection
        .selectFrom('runs')
        .select(({ fn }) => fn.max('attempt').as('attempt'))
        .where('repository_id', '=', key.repositoryId)
        .where('commit_sha', '=', key.commit)
        .where('configuration_digest', '=', key.configurationDigest)
        .where('parameter_digest', '=', key.parameterDigest)
        .where('trust', '=', key.trust)
        .executeTakeFirst();
      return Number(row?.attempt ?? 0);
    },

    async due(now, limit, bindings) {
      const query = select()
        .where(({ or, eb }) =>
          or([eb('next_check_at', '<=', now), eb('next_check_at', '>', beyondAnyPause(now))]),
        )
        .where('repository_id', 'in', boundBy(bindings));
      return await withPulls(await query.orderBy('next_check_at').limit(limit).execute());
    },

    async unattended(limit) {
      const query = select()
        .where(({ or, and, eb, not, exists, selectFrom }) =>
          or([
            and([eb('state', 'in', statesOf('watcher')), eb('next_check_at', 'is', null)]),
            and([
              eb('state', 'in', statesOf('outbox')),
              not(
                exists(
                  selectFrom('outbox')
                    .select('outbox.id')
                    .where(sql<boolean>`outbox.key = 'run:' || runs.id`)
                    .where('outbox.state', 'in', ['pending', 'parked']),
                ),
              ),
            ]),
          ]),
        )
        .orderBy('id')
        .limit(limit);
      return await withPulls(await query.execute());
    },

    async nextDue(now, bindings) {
      const row = await connection
        .selectFrom('runs')
        .select('next_check_at')
        .where('next_check_at', '>', now)
        .where('repository_id', 'in', boundBy(bindings))
        .orderBy('next_check_at')
        .limit(1)
        .executeTakeFirst();
      return row?.next_check_at ?? null;
    },

    async list(filter, { sort, offset, limit }) {
      if ('started' in sort) {
        const { total } = await matching(
          connection.selectFrom('runs').select(({ fn }) => fn.countAll<number | string>().as('total')),
          filter,
        ).executeTakeFirstOrThrow();
        const query = matching(select(), filter)
          .orderBy('runs.number', sort.started)
          .offset(offset)
          .limit(limit);
        return { items: await withPulls(await query.execute()), total: Number(total) };
      }
      const { metric, direction } = sort;
      const slim = await matching(
        connection.selectFrom('runs').select(['runs.id', 'runs.number', 'runs.metrics']),
        filter,
      ).execute();
      const value = (text: string | null) =>
        text === null ? null : ((JSON.parse(text) as Record<string, number | null>)[metric] ?? null);
      const sign = direction === 'lower' ? 1 : -1;
      const ids = slim
        .map((row) => ({ id: row.id, number: row.number, value: value(row.metrics) }))
        .sort((a, b) => {
          if (a.value === null || b.value === null) {
            return Number(a.value === null) - Number(b.value === null) || b.number - a.number;
          }
          return sign * (a.value - b.value) || b.number - a.number;
        })
        .slice(offset, offset + limit)
        .map((row) => row.id);
      const items = ids.length === 0 ? [] : await withPulls(await select().where('id', 'in', ids).execute());
      return { items: items.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id)), total: slim.length };
    },

    async counts(repositoryId) {
      const rows = await connection
        .selectFrom('runs')
        .select(['state', ({ fn }) => fn.countAll<number | string>().as('runs')])
        .where('repository_id', '=', repositoryId)
        .groupBy('state')
        .execute();
      const active = rows.filter((row) => activeStates.some((state) => state === row.state));
      const sum = (some: typeof rows) => some.reduce((total, row) => total + Number(row.runs), 0);
      return { runs: sum(rows), active: sum(active) };
    },
  };
}
