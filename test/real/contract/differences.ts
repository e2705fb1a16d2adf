import type { Difference } from './recording.ts';

/** A difference that is meant. */
interface KnownDifference {
  what: string;
  /** In which steps; all of them where it is left out. Every named one must show it. */
  steps?: readonly string[];
  /** The field; `status` compares `400 INVALID_PARAMETER_VALUE`, `runs` what a search found. */
  field: RegExp | 'status' | 'runs' | 'model_version.status';
  /** JSON, `absent`, or `*` for anything. */
  emulator: string;
  server: string;
  /** Where a workspace's own way is written down; where nothing was found: why the emulator's was chosen. */
  source: string;
}

const refusesMalformed = {
  field: 'status',
  emulator: '400 INVALID_PARAMETER_VALUE',
  server: '200',
} as const;

/**
 * All that the emulated workspace answers unlike `mlflow server` 3.17.2, by the suite that shows it. The suites fail
 * for a difference that is not here, and for one that is here and no longer there. What the server is told otherwise
 * than by default stands in `serverSettings` (mlflow-server.ts). Paths are those of the pinned packages.
 */
export const knownDifferences: Record<'messages' | 'search', readonly KnownDifference[]> = {
  messages: [
    {
      what: 'errors carry a class and an SQL state',
      field: /^(sqlstate|error_class)$/,
      emulator: 'absent',
      server: '*',
      source:
        'a workspace answers {error_code, message, details}: databricks-sdk errors/deserializer.py, _StandardErrorDeserializer',
    },
    {
      what: 'experiments belong to an MLflow workspace',
      field: /^experiment(s\.\d+)?\.workspace$/,
      emulator: 'absent',
      server: '"default"',
      source:
        'a feature of the open-source server (mlflow server --enable-workspaces); databricks-sdk service/ml.py, Experiment, has no such field',
    },
    {
      what: 'experiments are tagged with their owner, their kind and their place',
      field:
        /^experiment(s\.\d+)?\.tags\.mlflow\.(ownerId|ownerEmail|experimentType|experiment\.sourceName)$/,
      emulator: '*',
      server: 'absent',
      source:
        'not in the reference; a workspace adds them by itself (databricks/cli libs/testserver/experiments.go, which replicates it; output of set_experiment in MLflow’s PyTorch quickstart)',
    },
    {
      what: 'what is no JSON is a malformed request',
      steps: ['a body that is no JSON'],
      field: 'status',
      emulator: '400 MALFORMED_REQUEST',
      server: '400 INVALID_PARAMETER_VALUE',
      source:
        'not documented; chosen because MALFORMED_REQUEST is one of the service’s codes (mlflow protos/databricks.proto, ErrorCode); the server reads an empty message and misses its fields',
    },
    {
      what: 'what is no JSON object is a malformed request',
      steps: ['a body that is a list'],
      field: 'status',
      emulator: '400 MALFORMED_REQUEST',
      server: '500 without an error code',
      source: 'as above; the server fails with an HTML page',
    },
    {
      what: 'a deleted experiment cannot be renamed',
      steps: ['a deleted experiment is renamed'],
      field: 'status',
      emulator: '400 INVALID_STATE',
      server: '500 INVALID_STATE',
      source:
        'databricks-sdk errors/platform.py: INVALID_STATE is a BadRequest; the server makes 500 of it (mlflow exceptions.py), which clients repeat',
    },
    {
      what: 'a name that is taken is named as such when an experiment is renamed, too',
      steps: ['it is renamed to a name that is taken'],
      field: 'status',
      emulator: '400 RESOURCE_ALREADY_EXISTS',
      server: '400 BAD_REQUEST',
      source:
        'not documented for update; create documents RESOURCE_ALREADY_EXISTS; the server makes BAD_REQUEST of whatever its database says (mlflow store/db/utils.py)',
    },
    {
      what: 'experiments are listed without a size, too',
      steps: ['search: no size'],
      field: 'status',
      emulator: '200',
      server: '400 INVALID_PARAMETER_VALUE',
      source: 'max_results is optional (docs.databricks.com, API reference, Search Experiments)',
    },
    {
      what: 'a run that is unknown has no history',
      steps: ['history: an unknown run', 'sampled: an unknown run'],
      field: 'status',
      emulator: '404 RESOURCE_DOES_NOT_EXIST',
      server: '200',
      source:
        'not documented; chosen because only the run’s experiment says who may read it, so that a workspace must look; the server does not',
    },
    {
      what: 'a message with a field of a wrong type is refused',
      steps: [
        ...['a run whose tags are no list', 'its status is unknown'],
        ...['a value that is true', 'a step that is a fraction'],
      ],
      ...refusesMalformed,
      source:
        'not documented; chosen because half a message would be logged as if it were whole; the server goes on with what it could parse (mlflow server/handlers.py, _get_request_message)',
    },
    {
      what: 'a tag needs a key and a data set needs a name',
      steps: ['a run with a tag without a key', 'a data set without a name'],
      ...refusesMalformed,
      source:
        'Dataset.name is required (databricks-sdk service/ml.py); of a tag’s key it is not documented: chosen because set-tag needs one; the server does not look',
    },
    {
      what: 'models and versions say who made them',
      field: /^(registered_models?(\.\d+)?(\.latest_versions\.\d+)?|model_versions?(\.\d+)?)\.user_id$/,
      emulator: '"string"',
      server: 'absent',
      source:
        'databricks-sdk service/ml.py, Model and ModelVersion; the server has no users (mlflow model_registry.proto: not currently returned)',
    },
    {
      what: 'the files of a new version are copied first',
      steps: ['a version', 'another version', 'a third version', 'a version after one was deleted'],
      field: 'model_version.status',
      emulator: '"PENDING_REGISTRATION"',
      server: '"READY"',
      source:
        'clients wait for READY (mlflow store/model_registry/abstract_store.py, _await_model_version_creation)',
    },
  ],
  search: [
    {
      what: 'an order that names a key twice is a wrong parameter',
      field: 'status',
      emulator: '400 INVALID_PARAMETER_VALUE',
      server: '500 INTERNAL_ERROR',
      source:
        'the server raises its error without a code (mlflow store/tracking/sqlalchemy_store.py, _get_orderby_clauses), so it comes as a 500 that clients repeat; not documented for a workspace',
    },
    {
      what: 'comparisons are joined by AND',
      steps: [`{"filter":"run_name = 'run_1' status = 'FAILED'"}`],
      field: 'status',
      emulator: '400 INVALID_PARAMETER_VALUE',
      server: '200',
      source:
        'comparisons are ANDed (docs.databricks.com, API reference, Search Runs); the server does not look what stands between two, where its parser tells them apart',
    },
    {
      what: 'a list is a wrong value for a pattern',
      field: 'status',
      emulator: '400 INVALID_PARAMETER_VALUE',
      server: '400 BAD_REQUEST',
      source:
        'the server hands the list to its database (mlflow utils/search_utils.py, _get_value) and shows its error; not documented for a workspace',
    },
    {
      what: 'ILIKE ignores the case of all letters',
      steps: [`{"filter":"params.\`größe\` ILIKE 'GRÖ%'"}`],
      field: 'runs',
      emulator: '*',
      server: '*',
      source:
        'only an SQLite database knows no case but that of ASCII letters (sqlite.org/lang_corefunc.html, lower), and a workspace is none',
    },
  ],
};

const matches = (known: KnownDifference, { step, field, emulator, server }: Difference) =>
  (known.steps === undefined || known.steps.includes(step)) &&
  (known.field === field || (known.field instanceof RegExp && known.field.test(field))) &&
  (known.emulator === '*' || known.emulator === emulator) &&
  (known.server === '*' || known.server === server);

/** Differences that are not meant, one line each. */
export function unexpected(suite: keyof typeof knownDifferences, found: readonly Difference[]): string[] {
  return found
    .filter((difference) => !knownDifferences[suite].some((known) => matches(known, difference)))
    .map(({ step, field, emulator, server }) =>
      [step, field, `emulator ${emulator.slice(0, 80)}`, `server ${server.slice(0, 80)}`].join(' | '),
    );
}

/** Differences that are listed and were not found. */
export function outdated(suite: keyof typeof knownDifferences, found: readonly Difference[]): string[] {
  return knownDifferences[suite].flatMap((known) => {
    const shown = found.filter((difference) => matches(known, difference));
    if (known.steps === undefined) return shown.length > 0 ? [] : [known.what];
    return known.steps
      .filter((step) => !shown.some((difference) => difference.step === step))
      .map((step) => `${known.what} (${step})`);
  });
}
