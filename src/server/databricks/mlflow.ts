import type { CallAs, HistoryPoint, MlflowRun, TrainingWorkspace } from '../training/workspace-port.ts';
import type { Call } from './caller.ts';
import { DatabricksError } from './error.ts';

const base = '/api/2.0/mlflow';

interface RestRun {
  info: { run_id: string };
  data?: {
    metrics?: { key: string; value: unknown }[];
    params?: { key: string; value: string }[];
    tags?: { key: string; value: string }[];
  };
}

/** Numbers come as numbers, or as the texts "NaN" and "Infinity" (protobuf's JSON). */
function finite(value: unknown): number | null {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

function toRun({ info, data }: RestRun): MlflowRun {
  return {
    id: info.run_id,
    parent: data?.tags?.find((tag) => tag.key === 'mlflow.parentRunId')?.value ?? null,
    metrics: Object.fromEntries((data?.metrics ?? []).map(({ key, value }) => [key, finite(value)])),
    parameters: Object.fromEntries((data?.params ?? []).map(({ key, value }) => [key, value])),
  };
}

/** A text as MLflow's filters take it: between quotes of either kind, with no way to write the same quote inside. */
function quoted(value: string): string {
  const quote = ["'", '"'].find((sign) => !value.includes(sign));
  if (quote) return quote + value + quote;
  throw new DatabricksError({
    code: 'INVALID_PARAMETER_VALUE',
    status: 400,
    message: `MLflow cannot search for ${value}, which holds both kinds of quotes.`,
  });
}

type MlflowPort = Pick<
  TrainingWorkspace,
  'ensureExperiment' | 'taggedRuns' | 'history' | 'versions' | 'artifacts'
>;

/** MLflow's tracking API and the versions of Unity Catalog's models. */
export function createMlflow(call: Call): MlflowPort {
  async function experimentByName(as: Parameters<MlflowPort['ensureExperiment']>[0], name: string) {
    try {
      const answer = await call<{ experiment: { experiment_id: string; lifecycle_stage?: string } }>(
        as,
        'GET',
        `${base}/experiments/get-by-name`,
        { query: { experiment_name: name } },
      );
      return answer.experiment;
    } catch (error) {
      if (error instanceof DatabricksError && error.missing) return null;
      throw error;
    }
  }

  /**
   * Said again for an experiment that is there: whoever made it may have been cut off before. One that others
   * manage is theirs to share.
   */
  async function share(as: CallAs, experiment: string, writer: string | undefined): Promise<string> {
    if (writer === undefined) return experiment;
    try {
      await grantEdit(as, experiment, writer);
    } catch (error) {
      if (!(error instanceof DatabricksError && error.code === 'PERMISSION_DENIED')) throw error;
    }
    return experiment;
  }

  async function grantEdit(as: CallAs, experiment: string, writer: string): Promise<void> {
    await call(as, 'PATCH', `/api/2.0/permissions/experiments/${experiment}`, {
      body: { access_control_list: [{ service_principal_name: writer, permission_level: 'CAN_EDIT' }] },
    });
  }

  return {
    async ensureExperiment(as, name, writer) {
      const known = await experimentByName(as, name);
      if (known?.lifecycle_stage === 'deleted') {
        throw new DatabricksError({
          code: 'EXPERIMENT_DELETED',
          status: 409,
          message: `The experiment ${name} was deleted. Restore it, or name another in the binding.`,
        });
      }
      if (known) return await share(as, known.experiment_id, writer);
      const folder = name.slice(0, name.lastIndexOf('/'));
      if (folder !== '') {
        await call(as, 'POST', '/api/2.0/workspace/mkdirs', { body: { path: folder }, idempotent: true });
      }
      let id: string;
      try {
        const body = { name };
        const made = await call<{ experiment_id: string }>(as, 'POST', `${base}/experiments/create`, {
          body,
        });
        id = made.experiment_id;
      } catch (error) {
        // Another run made it in between, or the answer that says so was lost.
        const made = await experimentByName(as, name);
        if (!made) throw error;
        id = made.experiment_id;
      }
      return await share(as, id, writer);
    },

    async taggedRuns(as, experimentId, tag, value) {
      const runs: MlflowRun[] = [];
      let page_token: string | undefined;
      do {
        const body = {
          experiment_ids: [experimentId],
          filter: `tags.\`${tag}\` = ${quoted(value)}`,
          max_results: 1000,
          page_token,
        };
        const answer = await call<{ runs?: RestRun[]; next_page_token?: string }>(
          as,
          'POST',
          `${base}/runs/search`,
          { body, idempotent: true },
        );
        runs.push(...(answer.runs ?? []).map(toRun));
        page_token = answer.next_page_token || undefined;
      } while (page_token && runs.length < 5_000);
      return runs;
    },

    async history(as, mlflowRunId, metric) {
      const points: HistoryPoint[] = [];
      let page_token: string | undefined;
      do {
        const query = { run_id: mlflowRunId, metric_key: metric, max_results: 25_000, page_token };
        const answer = await call<{
          metrics?: { step?: number | string; value: unknown }[];
          next_page_token?: string;
        }>(as, 'GET', `${base}/metrics/get-history`, { query });
        for (const { step, value } of answer.metrics ?? []) {
          points.push({ step: Number(step ?? 0), value: finite(value) });
        }
        page_token = answer.next_page_token || undefined;
      } while (page_token && points.length < 200_000);
      return points;
    },

    async versions(as, model) {
      const versions = [];
      let page_token: string | undefined;
      do {
        const answer = await call<{
          model_versions?: {
            version: number;
            run_id?: string;
            status: string;
            created_at?: number | string;
          }[];
          next_page_token?: string;
        }>(as, 'GET', `/api/2.1/unity-catalog/models/${encodeURIComponent(model)}/versions`, {
          query: { page_token },
        });
        for (const { version, run_id, status, created_at } of answer.model_versions ?? []) {
          const known =
            status === 'READY' ? 'ready' : status === 'FAILED_REGISTRATION' ? 'failed' : 'pending';
          versions.push({
            version: Number(version),
            mlflowRun: run_id || null,
            status: known,
            // Where it is not told nothing can be concluded from it.
            createdAt: Number(created_at ?? Number.MAX_SAFE_INTEGER),
          } as const);
        }
        page_token = answer.next_page_token || undefined;
      } while (page_token);
      return versions;
    },

    async artifacts(as, mlflowRunId) {
      const answer = await call<{ files?: { path: string; is_dir: boolean; file_size?: number | string }[] }>(
        as,
        'GET',
        `${base}/artifacts/list`,
        { query: { run_id: mlflowRunId } },
      );
      return (answer.files ?? []).map(({ path, is_dir, file_size }) => ({
        path,
        size: file_size === undefined ? null : Number(file_size),
        directory: is_dir,
      }));
    },
  };
}
