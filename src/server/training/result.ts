import type { RepositoryConfiguration } from '../config/repository-configuration.ts';
import { nonceTag } from './launcher.ts';
import { choosePrimary, curveOf, thin } from './mlflow-result.ts';
import type { Run, RunStore, Series } from './ports.ts';
import { RunFailure } from './run-failure.ts';
import type { CallAs, MlflowRun, RemoteRun, TrainingWorkspace } from './workspace-port.ts';

/** Points that are kept per metric, and metrics whose history is kept. */
const historyBounds = { points: 2_000, metrics: 40 };

export interface TrainingResult {
  mlflowRunId: string;
  modelVersion: number | null;
  metrics: Record<string, number | null>;
  loggedParameters: Record<string, string>;
  histories: Record<string, Series>;
  historyMetrics: string[];
  curve: number[];
}

/** The registered version is not ready yet: look again soon. */
export class ResultPending extends Error {}

/**
 * MLflow runs of a training run: tagged with its nonce; where the job did not pass that on, tagged by Databricks
 * with the id of the run or of a task.
 */
export async function belongingRuns(
  workspace: TrainingWorkspace,
  as: CallAs,
  run: Run,
  remote: Pick<RemoteRun, 'id' | 'tasks'>,
): Promise<MlflowRun[]> {
  if (run.experimentId === null) return [];
  const tagged = await workspace.taggedRuns(as, run.experimentId, nonceTag, run.nonce);
  if (tagged.length > 0) return tagged;
  const found: MlflowRun[] = [];
  for (const id of [remote.id, ...remote.tasks.map((task) => task.runId)]) {
    found.push(...(await workspace.taggedRuns(as, run.experimentId, 'mlflow.databricks.jobRunID', id)));
  }
  return found;
}

/** How much later the workspace's registry may think it is than its jobs (ms). */
const clockSkew = 60_000;

/**
 * Leaves out what is another training run's: code that trains may put its own nonce on the MLflow run of a released
 * version, and would be given that version and its rewritten metrics. What was frozen first keeps both; a version
 * that was there before this run began (the registry's own time) is not of this run.
 */
async function own(
  { claims, remote, run }: { claims: Claims; remote: RemoteRun; run: Run },
  runs: readonly MlflowRun[],
  versions: Awaited<ReturnType<TrainingWorkspace['versions']>>,
): Promise<{ runs: MlflowRun[]; versions: typeof versions }> {
  const ownRuns: MlflowRun[] = [];
  for (const one of runs) {
    const holder = await claims.ofMlflowRun(run.repositoryId, one.id);
    if (holder === null || holder.id === run.id) ownRuns.push(one);
  }
  const began = (remote.startedAt ?? Date.parse(run.createdAt)) - clockSkew;
  const ids = new Set(ownRuns.map(({ id }) => id));
  const ownVersions: typeof versions = [];
  for (const one of versions) {
    if (one.mlflowRun === null || !ids.has(one.mlflowRun) || one.createdAt < began) continue;
    const holder = await claims.ofVersion(run.repositoryId, run.modelKey ?? '', one.version);
    if (holder === null || holder.id === run.id) ownVersions.push(one);
  }
  return { runs: ownRuns, versions: ownVersions };
}

/** Which training runs were given an MLflow run or a version. */
export type Claims = Pick<RunStore, 'ofMlflowRun' | 'ofVersion'>;

/** Primary and gated metrics first, so that the bound never leaves them out. */
function inOrder(metrics: readonly string[], { metrics: rules }: RepositoryConfiguration): string[] {
  const wanted = [rules.primary, ...rules.gates.map((gate) => gate.metric)];
  const rank = (name: string) => (wanted.includes(name) ? wanted.indexOf(name) : wanted.length);
  return [...metrics].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b, 'en'));
}

/** Histories of the metrics of an MLflow run; those with one value only are left out. */
export async function readHistories(
  workspace: TrainingWorkspace,
  as: CallAs,
  mlflowRun: MlflowRun,
  configuration: RepositoryConfiguration,
): Promise<Pick<TrainingResult, 'histories' | 'historyMetrics' | 'curve'>> {
  const names = inOrder(Object.keys(mlflowRun.metrics), configuration).slice(0, historyBounds.metrics);
  const histories: Record<string, Series> = {};
  for (const name of names) {
    const points = await workspace.history(as, mlflowRun.id, name);
    if (new Set(points.map((point) => point.step)).size > 1)
      histories[name] = thin(points, historyBounds.points);
  }
  return {
    histories,
    historyMetrics: Object.keys(histories),
    curve: curveOf(histories[configuration.metrics.primary]),
  };
}

/**
 * What a finished run brought, to be frozen.
 *
 * @param model full name in Unity Catalog; null: nothing is registered (no model, or a fork)
 * @throws RunFailure when it cannot be told which MLflow run counts, or registering failed
 * @throws ResultPending while the version is still being registered
 */
export async function readResult(
  workspace: TrainingWorkspace,
  as: CallAs,
  run: Run,
  remote: RemoteRun,
  model: string | null,
  claims: Claims,
): Promise<TrainingResult> {
  const tagged = await belongingRuns(workspace, as, run, remote);
  const registered = model === null || tagged.length === 0 ? [] : await workspace.versions(as, model);
  const { runs, versions } = await own({ claims, remote, run }, tagged, registered);
  const { primary, version } = choosePrimary(runs, versions);
  if (version?.status === 'pending') throw new ResultPending();
  if (version?.status === 'failed') {
    throw new RunFailure(`Databricks could not register version ${version.version} of ${model}.`);
  }
  return {
    mlflowRunId: primary.id,
    modelVersion: version?.version ?? null,
    metrics: primary.metrics,
    loggedParameters: primary.parameters,
    ...(await readHistories(workspace, as, primary, run.configuration)),
  };
}
