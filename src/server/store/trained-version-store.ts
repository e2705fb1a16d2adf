import type { Selectable } from 'kysely';
import type { Verdict } from '../../contract/metric.ts';
import type { RunState } from '../../contract/run.ts';
import type { RepositoryConfiguration } from '../config/repository-configuration.ts';
import type { TrainedVersion, TrainedVersions } from '../registry/ports.ts';
import { asCommitted, decisiveRun } from '../training/decisive-run.ts';
import { isFinal } from '../training/transitions.ts';
import type { Connection } from './database.ts';
import type { RunRow } from './schema.ts';

interface PullLink {
  run_id: string;
  pull_index: number;
  verdict: string | null;
}

/** @param pull whose verdict counts; null: the branch's own */
function fromRow(
  row: Selectable<RunRow>,
  links: readonly PullLink[],
  pull: number | null,
  merged: ReadonlySet<number> = new Set(),
): TrainedVersion {
  const configuration = JSON.parse(row.configuration) as RepositoryConfiguration;
  // A pull request has its own verdict or none: the branch's is about another baseline.
  const text =
    pull === null ? row.verdict : (links.find((link) => link.pull_index === pull)?.verdict ?? null);
  const verdict = text === null ? null : (JSON.parse(text) as Verdict);
  return {
    run: row.id,
    number: row.number,
    title: row.title,
    state: row.state as RunState,
    trust: row.trust as TrainedVersion['trust'],
    commit: row.commit_sha,
    branch: row.branch,
    model: row.model_key,
    version: row.model_version,
    pull,
    pulls: links.map((link) => link.pull_index),
    merged: links.length === 0 || links.some((link) => merged.has(link.pull_index)),
    judgedAgainst: verdict?.baseline.kind === 'champion' ? verdict.baseline.version : null,
    outcome: verdict?.outcome ?? null,
    verdictTitle: verdict?.title ?? null,
    metrics: row.metrics === null ? {} : (JSON.parse(row.metrics) as Record<string, number | null>),
    primary: configuration.metrics.primary,
    gates: configuration.metrics.gates,
    onMerge: configuration.release.onMerge,
  };
}

/** A row with what tells an experiment from a run as committed. */
function readable(row: Selectable<RunRow>) {
  return {
    row,
    configuration: JSON.parse(row.configuration) as RepositoryConfiguration,
    parameters: JSON.parse(row.parameters) as Record<string, string | number | boolean>,
    state: row.state as RunState,
  };
}

/** Training runs as the registry reads them: by the version they registered, by the merge they belong to. */
export function createTrainedVersionStore(connection: Connection): TrainedVersions {
  async function linksOf(repository: number): Promise<Map<string, PullLink[]>> {
    const links = await connection
      .selectFrom('run_pulls')
      .select(['run_id', 'pull_index', 'verdict'])
      .where('repository_id', '=', repository)
      .orderBy('pull_index')
      .execute();
    return Map.groupBy(links, (link) => link.run_id);
  }

  async function runsOfPull(repository: number, pull: number): Promise<Selectable<RunRow>[]> {
    return connection
      .selectFrom('runs')
      .innerJoin('run_pulls', 'run_pulls.run_id', 'runs.id')
      .selectAll('runs')
      .where('runs.repository_id', '=', repository)
      .where('run_pulls.pull_index', '=', pull)
      .orderBy('runs.number', 'desc')
      .execute();
  }

  async function ofPull(repository: number, row: Selectable<RunRow> | undefined, pull: number) {
    return row ? fromRow(row, (await linksOf(repository)).get(row.id) ?? [], pull) : null;
  }

  return {
    async byVersion(repository, model) {
      const rows = await connection
        .selectFrom('runs')
        .selectAll()
        .where('repository_id', '=', repository)
        .where('model_key', '=', model)
        .where('model_version', 'is not', null)
        .execute();
      const links = await linksOf(repository);
      const decisions = await connection
        .selectFrom('promotion_decisions')
        .select(['pull_index', 'outcome'])
        .where('repository_id', '=', repository)
        .execute();
      const merged = new Set(decisions.map((decision) => decision.pull_index));
      const released = new Set(
        decisions.filter(({ outcome }) => outcome === 'promoted').map((decision) => decision.pull_index),
      );
      return new Map(
        rows.map((row) => {
          const own = links.get(row.id) ?? [];
          const pull = own.find((link) => released.has(link.pull_index)) ?? own[0];
          return [Number(row.model_version), fromRow(row, own, pull?.pull_index ?? null, merged)];
        }),
      );
    },

    async forMerge(repository, pull, commit) {
      const rows = (await runsOfPull(repository, pull)).filter((row) => row.commit_sha === commit);
      return ofPull(repository, decisiveRun(rows.map(readable))?.row, pull);
    },

    async latestOfPull(repository, pull) {
      const rows = (await runsOfPull(repository, pull)).map(readable);
      return ofPull(
        repository,
        rows.find((one) => asCommitted(one.configuration, one.parameters))?.row,
        pull,
      );
    },

    async active(repository) {
      const rows = await connection
        .selectFrom('runs')
        .select(['number', 'commit_sha', 'state'])
        .where('repository_id', '=', repository)
        .orderBy('number')
        .execute();
      const underWay = rows.filter((row) => row.state !== 'waiting' && !isFinal(row.state as RunState));
      return underWay.map((row) => `Run ${row.number} of ${row.commit_sha.slice(0, 10)} is ${row.state}`);
    },
  };
}
