import type { Connection } from '../../contract/connection.ts';
import type { RepositoryView } from '../../contract/repository.ts';
import type { RunState, RunSummary } from '../../contract/run.ts';
import { applyFloors } from '../metrics/gates.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import { verdictOf } from '../report/status.ts';
import type { ConfigurationRecord, Run } from './ports.ts';
import { runUrl } from './run-url.ts';

/** Port: aliases of a model now (alias → version); empty when the workspace does not answer. */
export interface ModelAliases {
  aliases(repository: BoundRepository, modelKey: string): Promise<Record<string, number>>;
}

/** States in which nothing happens before Databricks answers; once it trains it goes on without us. */
const waiting: ReadonlySet<RunState> = new Set<RunState>(['queued', 'uploading', 'evaluating']);

/** What a person should know of a run's state. */
function reasonOf({ state, stateReason }: Run, connection: Pick<Connection, 'state'>): string | null {
  if (connection.state === 'ok' || !waiting.has(state)) return stateReason;
  return stateReason ?? 'Waits until Databricks answers.';
}

/** A run as lists show it. @param aliases of the run's model @param connection of its workspace */
export function runSummary(
  repository: BoundRepository,
  run: Run,
  aliases: Readonly<Record<string, number>>,
  connection: Pick<Connection, 'state'>,
): RunSummary {
  const verdict = verdictOf(run);
  const failing = (verdict?.metrics ?? []).filter((item) => item.gate?.outcome === 'fail');
  const version = run.modelVersion;
  return {
    id: run.id,
    number: run.number,
    title: run.title,
    state: run.state,
    stateReason: reasonOf(run, connection),
    trigger: run.trigger,
    attempt: run.attempt,
    trust: run.trust,
    commit: run.commit,
    branch: run.branch,
    pulls: run.pulls.map(({ index }) => ({ index, url: `${repository.url}/pulls/${index}` })),
    actor: run.actor,
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    metrics: run.metrics ?? {},
    outcome: verdict?.outcome ?? null,
    failingMetrics: failing.map((item) => item.metric),
    version,
    aliases: version === null ? [] : Object.keys(aliases).filter((alias) => aliases[alias] === version),
    curve: run.curve,
    url: runUrl(repository, run.id),
  };
}

/** What became of a run's version, in a sentence; null when nothing can be said. */
export function releaseSentence(run: Run, aliases: readonly string[]): string | null {
  if (run.modelVersion === null) return null;
  if (aliases.length > 0) return `v${run.modelVersion} is ${aliases.join(', ')} now`;
  const verdict = verdictOf(run);
  const failing = (verdict?.metrics ?? []).filter((item) => item.gate?.outcome === 'fail');
  if (failing.length === 0) return null;
  const names = failing.map((item) => item.metric).join(', ');
  return `not released: ${names} ${failing.length === 1 ? 'fails its gate' : 'fail their gates'}`;
}

/** The configuration as the head of the tab shows it. */
export function configurationView(
  repository: BoundRepository,
  record: ConfigurationRecord,
): RepositoryView['configuration'] {
  const configuration = record.state === 'ok' ? record.configuration : null;
  return {
    state: record.state,
    commit: record.commit,
    problems: record.state === 'invalid' ? record.problems : [],
    primary: configuration?.metrics.primary ?? null,
    gates: configuration ? applyFloors(configuration.metrics.gates, repository.binding.floors) : [],
    parameters: configuration?.parameters ?? [],
    onMerge: configuration?.release.onMerge ?? 'none',
  };
}

/** Columns worth showing: primary and gated first, then what the runs of this page logged. */
export function metricColumns(
  repository: BoundRepository,
  record: ConfigurationRecord,
  runs: readonly Run[],
): { name: string; direction: 'lower' | 'higher' | null; primary: boolean }[] {
  const { primary, gates } = configurationView(repository, record);
  const direction = new Map(gates.map((gate) => [gate.metric, gate.direction]));
  const names = new Set([...(primary === null ? [] : [primary]), ...direction.keys()]);
  for (const run of runs) for (const name of Object.keys(run.metrics ?? {})) names.add(name);
  return [...names].slice(0, 30).map((name) => ({
    name,
    direction: direction.get(name) ?? null,
    primary: name === primary,
  }));
}
