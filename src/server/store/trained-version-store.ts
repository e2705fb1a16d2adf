import type { Selectable } from 'kysely';
import type { Verdict } from '../../contract/metric.ts';
import type { RepositoryConfiguration } from '../config/repository-configuration.ts';
import type { TrainedVersion, TrainedVersions } from '../registry/ports.ts';
import type { Connection } from './database.ts';
import type { RunRow } from './schema.ts';

const finalStates = ['succeeded', 'failed', 'cancelled', 'superseded', 'timed-out'];

type Row = Selectable<RunRow> & { pull_index: number | null; pull_verdict: string | null };

function fromRow(row: Row): TrainedVersion {
  const configuration = JSON.parse(row.configuration) as RepositoryConfiguration;
  const verdictText = row.pull_verdict ?? row.verdict;
  const verdict = verdictText === null ? null : (JSON.parse(verdictText) as Verdict);
  return {
    run: row.id,
    number: row.number,
    title: row.title,
    state: row.state,
    trust: row.trust as TrainedVersion['trust'],
    commit: row.commit_sha,
    branch: row.branch,
    model: row.model_key,
    version: row.model_version,
    pull: row.pull_index,
    outcome: verdict?.outcome ?? null,
    verdictTitle: verdict?.title ?? null,
    metrics: row.metrics === null ? {} : (JSON.parse(row.metrics) as Record<string, number | null>),
    primary: configuration.metrics.primary,
    gates: configuration.metrics.gates.map(({ metric, direction }) => ({ metric, direction })),
    onMerge: configuration.release.onMerge,
  };
}

/** Training runs as the registry reads them: by the version they registered, by the merge they belong to. */
export function createTrainedVersionStore(connection: Connection): TrainedVersions {
  const joined = () =>
    connection
      .selectFrom('runs')
      .leftJoin('run_pulls', 'run_pulls.run_id', 'runs.id')
      .selectAll('runs')
      .select(['run_pulls.pull_index', 'run_pulls.verdict as pull_verdict']);

  return {
    async byVersion(repository, model) {
      const rows = await joined()
        .where('runs.repository_id', '=', repository)
        .where('runs.model_key', '=', model)
        .where('runs.model_version', 'is not', null)
        .execute();
      return new Map(rows.map((row) => [Number(row.model_version), fromRow(row)]));
    },

    async forMerge(repository, pull, commit) {
      const row = await joined()
        .where('runs.repository_id', '=', repository)
        .where('run_pulls.pull_index', '=', pull)
        .where('runs.commit_sha', '=', commit)
        .orderBy('runs.number', 'desc')
        .executeTakeFirst();
      return row ? fromRow(row) : null;
    },

    async latestOfPull(repository, pull) {
      const row = await joined()
        .where('runs.repository_id', '=', repository)
        .where('run_pulls.pull_index', '=', pull)
        .orderBy('runs.number', 'desc')
        .executeTakeFirst();
      return row ? fromRow(row) : null;
    },

    async active(repository) {
      const rows = await connection
        .selectFrom('runs')
        .select(['number', 'commit_sha', 'state'])
        .where('repository_id', '=', repository)
        .where('state', 'not in', [...finalStates, 'waiting'])
        .orderBy('number')
        .execute();
      return rows.map((row) => `Run ${row.number} of ${row.commit_sha.slice(0, 10)} is ${row.state}`);
    },
  };
}
