import { invalid } from '../../errors.ts';
import type { Fields } from '../fields.ts';
import { messages, text } from '../fields.ts';
import type { LoggedModelInfo, LoggedModels } from '../logged-models.ts';
import { parseFilter } from './filter.ts';
import type { Searchable } from './keys.ts';
import { entityTypeOf } from './keys.ts';
import { comparing, matcher } from './match.ts';

const searchable: Searchable = {
  attributes: [
    'name',
    'model_id',
    'model_type',
    'status',
    'source_run_id',
    'creation_timestamp',
    'creation_time',
    'last_updated_timestamp',
  ],
  numericAttributes: ['creation_timestamp', 'creation_time', 'last_updated_timestamp'],
  listAttributes: ['name', 'model_id', 'model_type', 'status', 'source_run_id'],
};

const columns: Record<string, keyof LoggedModelInfo> = {
  creation_timestamp: 'creation_time',
  last_updated_timestamp: 'last_update_time',
};

function read(
  models: LoggedModels,
  model: LoggedModelInfo,
  type: string,
  key: string,
): string | number | undefined {
  const entry = (pairs: { key: string; value: string }[]) => pairs.find((pair) => pair.key === key)?.value;
  if (type === 'tag') return entry(models.tags.list(model.model_id));
  if (type === 'parameter') return entry(models.params.list(model.model_id));
  if (type === 'metric') {
    const value = models.metrics(model.model_id).findLast((metric) => metric.key === key)?.value;
    return typeof value === 'number' ? value : undefined;
  }
  return model[columns[key] ?? (key as keyof LoggedModelInfo)] ?? undefined;
}

/** @throws ApiError 400 for a filter that cannot be read. */
export function parseLoggedModelFilter(models: LoggedModels, filter: string | undefined) {
  return matcher<LoggedModelInfo>(parseFilter(filter, searchable), (model, { type, key }) =>
    read(models, model, type, key),
  );
}

/** The order of a `SearchLoggedModels` (`order_by: [{field_name, ascending}]`); undefined when none is asked for. */
export function loggedModelOrder(models: LoggedModels, fields: Fields) {
  const keys = messages(fields, 'order_by').map((entry) => {
    const name = text(entry, 'field_name');
    const { type, key } = entityTypeOf(
      name.includes('.') ? name : `attribute.${name}`,
      searchable.attributes,
      'order',
    );
    if (type === 'dataset') throw invalid(`Invalid order by field name: ${name}`);
    return {
      ascending: entry.ascending !== false,
      read: (model: LoggedModelInfo) => read(models, model, type, key),
    };
  });
  return keys.length > 0 ? comparing<LoggedModelInfo>(keys) : undefined;
}
