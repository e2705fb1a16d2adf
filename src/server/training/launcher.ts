import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Run } from './ports.ts';
import type { Submission } from './workspace-port.ts';

/**
 * The backend's own folders in the workspace, one per binding. What lies here decides what the trainer runs, so
 * it is written as the releaser, which runs no code, and only read by trainer and fork: an administrator creates
 * the folder with these rights, outside of /Shared, where every user may manage everything.
 */
export const workspaceFolder = (bindingId: string): string => `/Workspace/gitea-databricks/${bindingId}`;

/** Tag of every MLflow run that belongs to a training run. */
export const nonceTag = 'gitea_databricks.nonce';

const source = readFileSync(new URL('./launcher.py', import.meta.url));

const digest = createHash('sha256').update(source).digest('hex').slice(0, 16);

/** The launcher as it is uploaded: its path names its content, so an older version is never overwritten. */
export const launcherSource: Uint8Array = new Uint8Array(source);
export const launcherFolder = (bindingId: string): string => `${workspaceFolder(bindingId)}/launcher`;
export const launcherPath = (bindingId: string): string => `${launcherFolder(bindingId)}/launch-${digest}.py`;

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
  target: {
    bindingId: string;
    repositoryUrl: string;
    experiment: string;
    experimentId: string;
    modelName: string | null;
  },
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
    pythonFile: launcherPath(target.bindingId),
    parameters: [
      `--snapshot=${run.snapshot}`,
      `--settings=${Buffer.from(JSON.stringify(settings)).toString('base64')}`,
    ],
    dependencies: train.dependencies === null ? [] : [`-r ${run.snapshot}/${train.dependencies}`],
  };
}

/** Name of a submitted run: ends with the token, by which it is found again after an uncertain answer. */
function runName(run: Run): string {
  return `gitea-databricks ${run.repositoryId}/${run.number} ${run.commit.slice(0, 10)} ${run.token}`;
}
