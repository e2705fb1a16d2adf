import type { DatabaseSync } from 'node:sqlite';
import { invalid } from '../../errors.ts';
import type { LifecycleStage } from '../experiments.ts';
import type { Fields } from '../fields.ts';
import { optionalText, pageSize, textList } from '../fields.ts';
import { pageOffset, pageToken } from '../page-token.ts';
import { parseFilter } from './filter.ts';
import { runSearchable } from './keys.ts';
import { parseOrder } from './order.ts';
import { conditionOf, orderTerm } from './sql.ts';

/** Which stages a `run_view_type` or `view_type` shows; protobuf's JSON allows the number as well. */
export function stagesOf(view: unknown): LifecycleStage[] {
  if (view === 'DELETED_ONLY' || view === 2) return ['deleted'];
  if (view === 'ALL' || view === 3) return ['active', 'deleted'];
  return ['active'];
}

interface RunPage {
  runIds: string[];
  nextPageToken: string | undefined;
}

/** One page of `runs/search`: ids in order. @throws ApiError 400 for a filter, order or token that cannot be read. */
export function searchRuns(db: DatabaseSync, experimentIds: string[], fields: Fields): RunPage {
  const filter = optionalText(fields, 'filter');
  const orderBy = textList(fields, 'order_by');
  const stages = stagesOf(fields.run_view_type);
  const size = pageSize(fields, 1000, 50_000);
  const question = [experimentIds, filter, orderBy, stages];
  const offset = pageOffset(optionalText(fields, 'page_token'), question);

  const conditions = parseFilter(filter, runSearchable).map(conditionOf);
  const order = orderBy.map((clause) => parseOrder(clause, runSearchable.attributes));
  if (new Set(order.map(({ type, key }) => `${type}.${key}`)).size < order.length)
    throw invalid(`order_by contains duplicate fields: ${orderBy.join(', ')}`);
  const orders = order.map(orderTerm);
  const where = [
    'r.experiment_id in (select value from json_each(?))',
    'r.lifecycle_stage in (select value from json_each(?))',
    ...conditions.map((condition) => condition.text),
  ];
  const rows = db
    .prepare(
      `select r.run_id from mlflow_runs r where ${where.join(' and ')}
         order by ${[...orders.map((term) => term.text), 'r.start_time desc', 'r.run_id'].join(', ')} limit ? offset ?`,
    )
    .all(
      JSON.stringify(experimentIds),
      JSON.stringify(stages),
      ...conditions.flatMap((condition) => condition.values),
      ...orders.flatMap((term) => term.values),
      size + 1,
      offset,
    );
  return {
    runIds: rows.slice(0, size).map((row) => row.run_id as string),
    nextPageToken: rows.length > size ? pageToken(offset + size, question) : undefined,
  };
}
