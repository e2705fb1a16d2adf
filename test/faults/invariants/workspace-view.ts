import type { World } from '../world/world.ts';
import { production } from '../world/world.ts';

/** A run as Databricks has it. */
export interface RemoteFact {
  id: string;
  /** Of a submission: ends with the idempotency token. */
  name: string;
  /** What ties it to a run of ours: a submission's token, the nonce of a job's run. */
  mark: string;
  ended: boolean;
  result: string | null;
}

interface ListedRun {
  run_id: number;
  run_name: string;
  /** Of a job's run. */
  job_parameters?: { name: string; value: string }[];
  status: { state: string };
  state: { result_state?: string };
}

/** Every run that was ever submitted, or started of a job, by the Jobs API. */
export async function remoteRuns({ admin }: World): Promise<RemoteFact[]> {
  const found: RemoteFact[] = [];
  let page_token: string | undefined;
  do {
    const searchParams = { limit: 24, ...(page_token === undefined ? {} : { page_token }) };
    const answer: { runs?: ListedRun[]; next_page_token?: string } = await admin
      .get('2.2/jobs/runs/list', { searchParams })
      .json();
    for (const { run_id, run_name, job_parameters, status, state } of answer.runs ?? [])
      found.push({
        id: String(run_id),
        name: run_name,
        mark:
          job_parameters?.find(({ name }) => name === 'nonce')?.value ??
          run_name.slice(run_name.lastIndexOf(' ') + 1),
        ended: status.state === 'TERMINATED',
        result: state.result_state ?? null,
      });
    page_token = answer.next_page_token;
  } while (page_token);
  return found;
}

/** What production serves: the alias, and the version that has all of the endpoint's traffic. */
export async function served({ admin }: World): Promise<{ alias: number | null; endpoint: number | null }> {
  const { model, alias, endpoint } = production;
  const pointed = await admin
    .get(`2.1/unity-catalog/models/${model}/aliases/${alias}`, { throwHttpErrors: false })
    .json<{ version?: number }>();
  const { config } = await admin.get(`2.0/serving-endpoints/${endpoint}`, { throwHttpErrors: false }).json<{
    config?: {
      served_entities?: { name: string; entity_version: string }[];
      traffic_config?: {
        routes?: { served_entity_name?: string; served_model_name?: string; traffic_percentage: number }[];
      };
    };
  }>();
  const route = config?.traffic_config?.routes?.find(({ traffic_percentage }) => traffic_percentage === 100);
  const entity = config?.served_entities?.find(
    ({ name }) => name === (route?.served_entity_name ?? route?.served_model_name),
  );
  return {
    alias: pointed.version ?? null,
    endpoint: entity === undefined ? null : Number(entity.entity_version),
  };
}
