import { invalid } from '../errors.ts';
import type { Fields } from '../mlflow/fields.ts';
import { optionalText, texts } from '../mlflow/fields.ts';
import type { Clause } from '../mlflow/search/filter.ts';
import { parseFilter } from '../mlflow/search/filter.ts';
import type { Searchable } from '../mlflow/search/keys.ts';
import { comparing, matcher } from '../mlflow/search/match.ts';
import { parseOrder } from '../mlflow/search/order.ts';
import type { RegistryModel, RegistryModels } from './models.ts';
import type { RegistryVersion, RegistryVersions } from './versions.ts';

const searchableModels: Searchable = {
  attributes: ['name'],
  numericAttributes: [],
  listAttributes: ['name'],
};
const searchableVersions: Searchable = {
  attributes: ['name', 'run_id', 'source_path', 'version_number'],
  numericAttributes: ['version_number'],
  listAttributes: ['name', 'run_id'],
};
const orderableModels = ['name', 'creation_timestamp', 'last_updated_timestamp'];
const orderableVersions = [
  'name',
  'version',
  'version_number',
  'stage',
  'creation_timestamp',
  'last_updated_timestamp',
];

/**
 * The condition of a search. The workspace registry takes one, no more (databricks-sdk `ModelRegistryAPI`).
 * @throws ApiError 400
 */
function conditionOf(fields: Fields, searchable: Searchable): Clause[] {
  const clauses = parseFilter(optionalText(fields, 'filter'), searchable);
  if (clauses.length > 1)
    throw invalid('A filter of the workspace registry is a single condition, without AND.');
  const unknown = clauses.find(({ type }) => type !== 'attribute' && type !== 'tag');
  if (unknown)
    throw invalid(
      `Invalid entity type '${unknown.type}'. Valid entity types are ('attribute', 'tag', 'tags')`,
    );
  return clauses;
}

/** Models that match, in order: by what is asked for, then by name. @throws ApiError 400 */
export function searchModels(
  models: RegistryModels,
  found: RegistryModel[],
  fields: Fields,
): RegistryModel[] {
  const clauses = conditionOf(fields, searchableModels).map((clause) =>
    // `name LIKE 'wine'` finds names that contain it (databricks-sdk `search_models`).
    clause.comparator === 'LIKE' && clause.type === 'attribute'
      ? { ...clause, value: `%${clause.value}%` }
      : clause,
  );
  const matches = matcher<RegistryModel>(clauses, (model, { type, key }) =>
    type === 'tag' ? models.tags.list(model.id).find((tag) => tag.key === key)?.value : model.name,
  );
  const keys = texts(fields, 'order_by').map((clause) => {
    const { key, ascending } = parseOrder(clause, orderableModels);
    return { ascending, read: (model: RegistryModel) => modelKey(model, key) };
  });
  return found.filter(matches).toSorted(comparing([...keys, { ascending: true, read: ({ name }) => name }]));
}

const modelKey = (model: RegistryModel, key: string) =>
  key === 'creation_timestamp'
    ? model.created_at
    : key === 'last_updated_timestamp'
      ? model.updated_at
      : model.name;

/** A version with the model that it belongs to. */
export interface Hit {
  model: RegistryModel;
  version: RegistryVersion;
}

/** Versions that match, in order: by what is asked for, then last moved, by name, newest first. @throws ApiError 400 */
export function searchVersions(versions: RegistryVersions, found: Hit[], fields: Fields): Hit[] {
  const clauses = conditionOf(fields, searchableVersions);
  const matches = matcher<Hit>(clauses, (hit, { type, key }) =>
    type === 'tag'
      ? versions.tags.list(hit.version.id).find((tag) => tag.key === key)?.value
      : (versionKey(hit, key) ?? undefined),
  );
  const keys = texts(fields, 'order_by').map((clause) => {
    const { key, ascending } = parseOrder(clause, orderableVersions);
    return { ascending, read: (hit: Hit) => versionKey(hit, key) ?? undefined };
  });
  return found
    .filter(matches)
    .toSorted(
      comparing([
        ...keys,
        { ascending: false, read: ({ version }) => version.staged_at },
        { ascending: true, read: ({ model }) => model.name },
        { ascending: false, read: ({ version }) => version.version },
      ]),
    );
}

function versionKey({ model, version }: Hit, key: string): string | number | null {
  switch (key) {
    case 'name':
      return model.name;
    case 'run_id':
      return version.run_id;
    case 'source_path':
      return version.source;
    case 'stage':
      return version.stage;
    case 'creation_timestamp':
      return version.created_at;
    case 'last_updated_timestamp':
      return version.updated_at;
    default:
      return version.version;
  }
}
