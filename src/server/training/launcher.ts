import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Run } from './ports.ts';
import type { Submission } from './workspace-port.ts';

/**
 * The backend's own folder in the workspace. Outside /Shared, where every user may manage everything: who can write here decides what the trainer runs.
 * An admin creates it and lets the trainer manage it and the fork principal read it.
 */
export const workspaceFolder = '/Workspace/gitea-databricks';

/** Tag of every MLflow run that belongs to a training run. */
export const nonceTag = 'gitea_databricks.nonce';

const source = readFileSync(new URL('./launcher.py', import.meta.url));

/** The launcher as it is uploaded: its path names its content, so an older version is never overwritten. */
export const launcher = {
  folder: `${workspaceFolder}/launcher`,
  path: `${workspaceFolder}/launcher/launch-${createHash('sha256').update(source).digest('hex').slice(0, 16)}.py`,
  source: new Uint8Array(source),
};

/** Tags for the MLflow runs of a training run. */
function tags(run: Run, repositoryUrl: string): Record<string, string> {
  return {
    [nonceTag]: run.nonce,
    'gitea_databricks.run': run.id,
    'mlflow.source.git.commit': run.commit,
    'mlflow.source.git.repoURL': repositoryUrl,
    ...(run.branch !== null && { 'mlflow.source.git.branch': run.branch }),
  };
}

/**
 * What is submitted for a run with `entry:`. Parameters travel inside one base64 argument: Databricks replaces
 * `{{…}}` in task parameters, and they must arrive byte for byte (hazard 23).
 *
 * @param modelName full name in Unity Catalog; null: the script must not register
 */
export function launch(
  run: Run,
  target: { repositoryUrl: string; experiment: string; experimentId: string; modelName: string | null },
): Submission {
  const { train } = run.configuration;
  if (train.kind !== 'entry' || run.snapshot === null) throw new Error(`Run ${run.id} is not an entry run.`);
  const settings = {
    entry: train.entry,
    arguments: Object.entries(run.parameters).map(([name, value]) => `--${name}=${value}`),
    environment: {
      MLFLOW_EXPERIMENT_NAME: target.experiment,
      MLFLOW_EXPERIMENT_ID: target.experimentId,
      MLFLOW_RUN_CONTEXT: JSON.stringify(tags(run, target.repositoryUrl)),
      ...(target.modelName !== null && { REGISTERED_MODEL_NAME: target.modelName }),
    },
  };
  return {
    name: runName(run),
    token: run.token,
    timeoutSeconds: run.configuration.timeoutSeconds,
    pythonFile: launcher.path,
    parameters: [
      `--snapshot=${run.snapshot}`,
      `--settings=${Buffer.from(JSON.stringify(settings)).toString('base64')}`,
    ],
    dependencies: train.dependencies === null ? [] : [`-r ${run.snapshot}/${train.dependencies}`],
  };
}

/** Name of a submitted run: holds the token, by which it is found again after an uncertain answer. */
export function runName(run: Run): string {
  return `gitea-databricks ${run.repositoryId}/${run.number} ${run.commit.slice(0, 10)} ${run.token}`;
}
