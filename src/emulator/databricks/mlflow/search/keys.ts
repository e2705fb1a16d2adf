import { invalid } from '../../errors.ts';
import { unquote } from './tokens.ts';

export type EntityType = 'metric' | 'parameter' | 'tag' | 'attribute' | 'dataset';

/** What may be searched of one kind of thing. */
export interface Searchable {
  attributes: readonly string[];
  numericAttributes: readonly string[];
  /** Attributes that IN and NOT IN work on. */
  listAttributes: readonly string[];
}

/** What runs can be searched by (mlflow `RunInfo.get_searchable_attributes`). */
export const runSearchable: Searchable = {
  attributes: ['run_id', 'run_name', 'status', 'artifact_uri', 'user_id', 'start_time', 'end_time'],
  numericAttributes: ['start_time', 'end_time'],
  listAttributes: ['run_id'],
};

const names: Record<string, EntityType> = {
  metric: 'metric',
  metrics: 'metric',
  parameter: 'parameter',
  parameters: 'parameter',
  param: 'parameter',
  params: 'parameter',
  tag: 'tag',
  tags: 'tag',
  attribute: 'attribute',
  attributes: 'attribute',
  attr: 'attribute',
  run: 'attribute',
  dataset: 'dataset',
  datasets: 'dataset',
};

/** Names that MLflow's own pages use for attributes, in filters and orders. */
const aliases: Record<string, string> = { created: 'start_time', Created: 'start_time' };

/** And those that filters know alone. */
const filterAliases: Record<string, string> = {
  ...aliases,
  'run name': 'run_name',
  'Run name': 'run_name',
  'Run Name': 'run_name',
};

/**
 * Reads `metrics."a b"` as a metric of key `a b`; a bare key is an attribute's.
 * @throws ApiError 400 for an unknown type or attribute.
 */
export function entityTypeOf(
  identifier: string,
  attributes: readonly string[],
  use: 'filter' | 'order',
): { type: EntityType; key: string } {
  const dot = identifier.indexOf('.');
  const prefix = dot < 0 ? 'attribute' : unquote(identifier.slice(0, dot));
  const type = names[prefix];
  if (!type)
    throw invalid(
      `Invalid entity type '${prefix}'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']`,
    );
  const written = unquote(identifier.slice(dot + 1));
  const key =
    type === 'attribute' ? ((use === 'filter' ? filterAliases : aliases)[written] ?? written) : written;
  if (type === 'attribute' && !attributes.includes(key))
    throw invalid(`Invalid attribute key '${key}' specified. Valid keys are '${attributes.join("', '")}'`);
  if (type === 'dataset' && !['name', 'digest', 'context'].includes(key))
    throw invalid(`Invalid dataset key '${key}' specified. Valid keys are 'name', 'digest', 'context'`);
  return { type, key };
}
