import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  Child,
  ChildEnd,
  ChildOptions,
} from '../../../src/emulator/databricks/execution/child-process.ts';
import type { ProgramRunner } from '../../../src/emulator/databricks/execution/program-runner.ts';
import type { ModelWorker } from '../../../src/emulator/databricks/serving/model-worker.ts';

/** What a commit's `plan.json` says: what its training logs, how long it takes, how it fails. */
export interface TrainingPlan {
  metrics: Record<string, number>;
  milliseconds?: number;
  fail?: string;
}

/**
 * Runs what our launcher would run, without a Python process for each: a thousand runs then take seconds. What it
 * does at MLflow goes the way of any training code: by HTTP, with the run's own token and the run's tags.
 */
export function inProcessPrograms(): ProgramRunner {
  return {
    prepare: async () => ({ python: 'in-process', folder: '/nonexistent' }),
    start: async (program) => startProgram(program),
    serve: async () => loadedModel(),
  };
}

function startProgram(program: ChildOptions): Child {
  const stop = new AbortController();
  const ended: Promise<ChildEnd> = train(program, stop.signal).then(
    () => ({ code: 0, signal: undefined }),
    (error: unknown) => {
      if (stop.signal.aborted) return { code: undefined, signal: 'SIGTERM' };
      program.onOutput(`Traceback (most recent call last):\n${String(error)}\n`);
      return { code: 1, signal: undefined };
    },
  );
  return {
    // Never one of a run's own: a workspace that starts again ends what survived it.
    pid: process.pid,
    ended,
    async stop() {
      stop.abort();
      await ended;
    },
  };
}

async function train({ args, env, onOutput }: ChildOptions, signal: AbortSignal): Promise<void> {
  const options = Object.fromEntries(
    args.slice(1).map((argument) => {
      const at = argument.indexOf('=');
      return [argument.slice(0, at), argument.slice(at + 1)];
    }),
  );
  const plan = JSON.parse(
    await readFile(join(options['--snapshot'] ?? '', 'plan.json'), 'utf8'),
  ) as TrainingPlan;
  const call: Call = async <Answer>(path: string, body?: object): Promise<Answer> => {
    const response = await fetch(`${env.DATABRICKS_HOST}/api/2.0/mlflow/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${env.DATABRICKS_TOKEN}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
      signal,
    });
    if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Answer;
  };
  const now = Date.now();
  const { experiment, tags, model } =
    '--settings' in options ? byLauncher(options) : await byJob(options, call);
  const { run } = await call<{ run: { info: { run_id: string } } }>('runs/create', {
    experiment_id: experiment,
    start_time: now,
    tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
  });
  const id = run.info.run_id;
  const metrics = Object.entries(plan.metrics).map(([key, value]) => ({
    key,
    value,
    timestamp: now,
    step: 0,
  }));
  await call('runs/log-batch', { run_id: id, metrics });
  onOutput(`logged ${metrics.length} metrics\n`);
  if (plan.milliseconds) await sleep(plan.milliseconds, undefined, { signal });
  if (plan.fail !== undefined) throw new Error(plan.fail);
  if (model) {
    const name = model;
    const version = await call<{ model_version: { version: string } }>(
      'unity-catalog/model-versions/create',
      { name, source: `runs:/${id}/model`, run_id: id },
    );
    await call('unity-catalog/model-versions/finalize', { name, version: version.model_version.version });
  }
  await call('runs/update', { run_id: id, status: 'FINISHED', end_time: Date.now() });
}

type Options = Record<string, string>;
/** POSTs a body, and reads without one. */
type Call = <Answer>(path: string, body?: object) => Promise<Answer>;

/** What training code has to know of its run. */
interface Purpose {
  /** The experiment's id. */
  experiment: string;
  /** Of its MLflow run. */
  tags: Record<string, string>;
  /** To be registered under; empty: not at all. */
  model: string;
}

/** As our launcher gives it. */
function byLauncher(options: Options): Purpose {
  const { environment } = JSON.parse(Buffer.from(options['--settings'] ?? '', 'base64').toString('utf8')) as {
    environment: Record<string, string>;
  };
  const { MLFLOW_EXPERIMENT_ID = '', MLFLOW_RUN_CONTEXT = '{}', REGISTERED_MODEL_NAME = '' } = environment;
  return {
    experiment: MLFLOW_EXPERIMENT_ID,
    tags: JSON.parse(MLFLOW_RUN_CONTEXT) as Record<string, string>,
    model: REGISTERED_MODEL_NAME,
  };
}

/** As a job's parameters give it (docs/configuration.md, `train.job`). */
async function byJob(options: Options, call: Call): Promise<Purpose> {
  const name = encodeURIComponent(options['--experiment'] ?? '');
  const { experiment } = await call<{ experiment: { experiment_id: string } }>(
    `experiments/get-by-name?experiment_name=${name}`,
  );
  return {
    experiment: experiment.experiment_id,
    tags: { 'gitea_databricks.nonce': options['--nonce'] ?? '' },
    model: options['--model'] ?? '',
  };
}

/** A model that answers every question with nothing: it is there, which is all that releases ask. */
function loadedModel(): ModelWorker {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  return {
    ended,
    predict: async () => ({ status: 200, body: '{"predictions":[]}' }),
    async stop() {
      resolve();
    },
  };
}
