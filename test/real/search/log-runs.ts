import type { Counterpart } from '../contract/counterparts.ts';
import type { Json } from '../contract/request.ts';
import { request } from '../contract/request.ts';
import type { CorpusRun } from './runs.ts';

/** What a counterpart calls the experiments and the runs. */
export interface Logged {
  counterpart: Counterpart;
  experiments: [string, string];
  /** Run ids by the run's place in the corpus. */
  ids: string[];
  /** The place of a run in the corpus by its id. */
  places: Map<string, number>;
}

/** The user that every run belongs to, as the emulated workspace's admin is called. */
export const user = 'admin@workspace.localhost';

/** Requests under way at the same time. */
const atOnce = 8;

/** Logs the runs through the counterpart's own API. */
export async function logRuns(counterpart: Counterpart, runs: readonly CorpusRun[]): Promise<Logged> {
  const post = async (path: string, fields: object): Promise<Json> => {
    const { status, body } = await request(counterpart, 'POST', path, fields);
    if (status !== 200) throw new Error(`${counterpart.name}: ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  const experiment = async (name: string): Promise<string> =>
    (await post('experiments/create', { name })).experiment_id;
  const experiments: [string, string] = [
    await experiment('/Shared/corpus-0'),
    await experiment('/Shared/corpus-1'),
  ];

  async function log(run: CorpusRun): Promise<string> {
    const { info } = (
      await post('runs/create', {
        experiment_id: experiments[run.experiment],
        user_id: user,
        run_name: run.name,
        start_time: run.start,
        tags: run.tags,
      })
    ).run;
    const { metrics, params } = run;
    if (metrics.length + params.length > 0)
      await post('runs/log-batch', { run_id: info.run_id, metrics, params });
    if (run.status !== 'RUNNING' || run.end !== undefined)
      await post('runs/update', { run_id: info.run_id, status: run.status, end_time: run.end });
    if (run.deleted) await post('runs/delete', { run_id: info.run_id });
    return info.run_id;
  }

  const ids: string[] = [];
  const left = runs.entries();
  const work = async () => {
    for (const [place, run] of left) ids[place] = await log(run);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { counterpart, experiments, ids, places: new Map(ids.map((id, place) => [id, place])) };
}
