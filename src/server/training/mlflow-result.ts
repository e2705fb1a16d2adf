import type { Series } from './ports.ts';
import { RunFailure } from './run-failure.ts';
import type { HistoryPoint, MlflowRun } from './workspace-port.ts';

interface Registered {
  version: number;
  mlflowRun: string | null;
  status: 'pending' | 'ready' | 'failed';
}

/**
 * The run's primary MLflow run: the root that registered the model, else the only root.
 *
 * @param runs all that belong to the training run, children included
 * @param versions of the bound model; empty where nothing is registered
 * @throws RunFailure that says what the script did and what it should do
 */
export function choosePrimary(
  runs: readonly MlflowRun[],
  versions: readonly Registered[],
): { primary: MlflowRun; version: Registered | null } {
  const ids = new Set(runs.map((run) => run.id));
  const roots = runs.filter((run) => run.parent === null || !ids.has(run.parent));
  if (roots.length === 0) {
    throw new RunFailure(
      'The script ended without an MLflow run, so there are no metrics. Log them within mlflow.start_run().',
    );
  }
  const registering = roots.flatMap((root) => {
    const made = versions.filter((version) => version.mlflowRun === root.id);
    const newest = made.sort((a, b) => b.version - a.version)[0];
    return newest ? [{ primary: root, version: newest }] : [];
  });
  const [first, ...others] = registering;
  if (first && others.length === 0) return first;
  if (first) {
    throw new RunFailure(
      `${registering.length} MLflow runs registered a version of the model, so it cannot be told which one counts. Register it once, in one run.`,
    );
  }
  const [only] = roots;
  if (only && roots.length === 1) return { primary: only, version: null };
  throw new RunFailure(
    `The script made ${roots.length} MLflow runs side by side and none registered the model, so it cannot be told which one counts. Make one run with the others nested in it (nested=True).`,
  );
}

/** At most `bound` points: every n-th, the last one kept. */
export function thin(points: readonly HistoryPoint[], bound: number): Series {
  const ordered = [...points].sort((a, b) => a.step - b.step);
  const stride = Math.max(1, Math.ceil((ordered.length - 1) / Math.max(1, bound - 1)));
  const kept = ordered.filter((_, index) => index % stride === 0 || index === ordered.length - 1);
  return {
    steps: kept.map((point) => point.step),
    values: kept.map((point) => point.value),
    thinned: kept.length < ordered.length,
  };
}

/** The shape of a series in at most 24 values. */
export function curveOf(series: Series | undefined): number[] {
  if (!series || series.steps.length < 2) return [];
  const points = series.steps.map((step, index) => ({ step, value: series.values[index] ?? null }));
  return thin(
    points.filter((point) => point.value !== null),
    24,
  ).values.flatMap((value) => (value === null ? [] : [value]));
}
