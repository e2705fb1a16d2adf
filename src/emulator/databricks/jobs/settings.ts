import type { Json } from '../body.ts';
import {
  isObject,
  optionalInteger,
  optionalObjects,
  optionalString,
  optionalStrings,
  optionalTexts,
  requiredString,
} from '../body.ts';
import type { Principal, WorkspaceContext } from '../context.ts';
import { forbidden, invalid } from '../errors.ts';

const taskTypes = [
  'spark_python_task',
  'notebook_task',
  'python_wheel_task',
  'sql_task',
  'dbt_task',
  'run_job_task',
  'pipeline_task',
  'spark_jar_task',
  'spark_submit_task',
  'condition_task',
  'for_each_task',
];
const runConditions = [
  'ALL_SUCCESS',
  'AT_LEAST_ONE_SUCCESS',
  'NONE_FAILED',
  'ALL_DONE',
  'AT_LEAST_ONE_FAILED',
  'ALL_FAILED',
];

/** A `notebook_task`. */
export interface NotebookSettings {
  /** Workspace path, without an extension. */
  path: string;
  /** `base_parameters`, with those of run-now over them. */
  parameters: Record<string, string>;
}

/** One task as the emulator runs it; `source` is what the client sent and gets back. */
export interface TaskSettings {
  key: string;
  dependsOn: string[];
  runIf: string;
  /** Workspace path of the Python file; empty for a notebook. */
  pythonFile: string;
  notebook?: NotebookSettings;
  parameters: string[];
  /** Requirement lines of the task's environment and its PyPI libraries; `-r <workspace path>` not yet expanded. */
  dependencies: string[];
  /** 0: none. */
  timeoutSeconds: number;
  source: Json;
}

/** What a job, or a submitted run, runs. */
export interface RunSettings {
  name: string;
  tasks: TaskSettings[];
  /** Job parameters' default values. */
  parameters: Record<string, string>;
  /** 0: none. */
  timeoutSeconds: number;
  maxConcurrentRuns: number;
  queue: boolean;
  /** What run-now gave over the tasks' own parameters. */
  overriding?: { notebook_params?: Record<string, string>; python_params?: string[] };
}

/** Reads the settings of a job or of runs/submit. @throws ApiError 400 that names the field. */
export function parseSettings(source: Json, fallbackName: string): RunSettings {
  const tasks = optionalObjects(source, 'tasks');
  if (tasks.length > 1000) throw invalid('A job can have at most 1000 tasks.');
  if (source.git_source !== undefined && source.git_source !== null) throw invalid(noGit);
  const environments = new Map(
    optionalObjects(source, 'environments').map((environment) => {
      const spec = isObject(environment.spec) ? environment.spec : {};
      return [requiredString(environment, 'environment_key'), optionalStrings(spec, 'dependencies')] as const;
    }),
  );
  const parsed = tasks.map((task) => parseTask(task, environments));
  checkGraph(parsed);
  return {
    name: optionalString(source, 'name') ?? optionalString(source, 'run_name') ?? fallbackName,
    tasks: parsed,
    parameters: Object.fromEntries(
      optionalObjects(source, 'parameters').map((parameter) => [
        requiredString(parameter, 'name'),
        optionalString(parameter, 'default') ?? '',
      ]),
    ),
    timeoutSeconds: seconds(source),
    maxConcurrentRuns: optionalInteger(source, 'max_concurrent_runs') ?? 1,
    queue: isObject(source.queue) && source.queue.enabled === true,
  };
}

function parseTask(source: Json, environments: Map<string, string[]>): TaskSettings {
  const key = requiredString(source, 'task_key');
  if (!/^[\w-]{1,100}$/.test(key))
    throw invalid(`Task key ${key} may have letters, digits, - and _, at most 100.`);
  const types = taskTypes.filter((type) => source[type] !== undefined);
  if (types.length !== 1) throw invalid(`Task ${key} must have exactly one kind of task.`);
  const environment = optionalString(source, 'environment_key');
  if (environment !== undefined && !environments.has(environment))
    throw invalid(`Task ${key}: environment_key ${environment} is not among the environments.`);
  if ((optionalInteger(source, 'max_retries') ?? 0) !== 0)
    throw invalid(
      `Task ${key}: this workspace does not retry tasks; leave max_retries out and repair the run.`,
    );
  const runIf = optionalString(source, 'run_if') ?? 'ALL_SUCCESS';
  if (!runConditions.includes(runIf))
    throw invalid(`Task ${key}: run_if must be one of ${runConditions.join(', ')}.`);
  return {
    key,
    dependsOn: optionalObjects(source, 'depends_on').map((dependency) =>
      requiredString(dependency, 'task_key'),
    ),
    runIf,
    ...parseWork(source, key, types[0]),
    dependencies: [...(environments.get(environment ?? '') ?? []), ...libraries(source, key)],
    timeoutSeconds: seconds(source),
    source,
  };
}

/** What the task runs. */
function parseWork(
  source: Json,
  key: string,
  type: string | undefined,
): Pick<TaskSettings, 'pythonFile' | 'parameters' | 'notebook'> {
  const work = type === undefined ? undefined : source[type];
  if (!isObject(work) || (type !== 'spark_python_task' && type !== 'notebook_task'))
    throw invalid(`Task ${key}: this workspace runs spark_python_task and notebook_task only, not ${type}.`);
  if (optionalString(work, 'source') === 'GIT') throw invalid(`Task ${key}: ${noGit}`);
  const field = type === 'notebook_task' ? 'notebook_path' : 'python_file';
  const path = requiredString(work, field);
  if (!path.startsWith('/'))
    throw invalid(`Task ${key}: ${field} must be an absolute workspace path, not ${path}.`);
  if (type === 'spark_python_task')
    return { pythonFile: path, parameters: optionalStrings(work, 'parameters') };
  const notebook = { path, parameters: optionalTexts(work, 'base_parameters') };
  return { pythonFile: '', parameters: [], notebook };
}

const noGit = 'git_source knows no generic Git; put the file into the workspace.';

function libraries(source: Json, key: string): string[] {
  return optionalObjects(source, 'libraries').map((library) => {
    if (isObject(library.pypi)) return requiredString(library.pypi, 'package');
    const wheel = optionalString(library, 'whl') ?? optionalString(library, 'requirements');
    if (wheel === undefined) throw invalid(`Task ${key}: libraries may be pypi, whl or requirements.`);
    return library.requirements === undefined ? wheel : `-r ${wheel}`;
  });
}

function seconds(source: Json): number {
  const value = optionalInteger(source, 'timeout_seconds') ?? 0;
  if (value < 0) throw invalid('timeout_seconds must be 0 (none) or more.');
  return value;
}

function checkGraph(tasks: readonly TaskSettings[]): void {
  const done = new Set<string>();
  for (const { key, dependsOn } of tasks) {
    if (tasks.filter((task) => task.key === key).length > 1) throw invalid(`Duplicate task key ${key}.`);
    for (const upstream of dependsOn)
      if (!tasks.some((task) => task.key === upstream))
        throw invalid(`Task ${key} depends on ${upstream}, which does not exist.`);
  }
  for (let left = [...tasks]; left.length > 0; ) {
    const next = left.filter(({ dependsOn }) => dependsOn.every((upstream) => done.has(upstream)));
    if (next.length === 0)
      throw invalid(`The tasks ${left.map(({ key }) => key).join(', ')} depend on each other.`);
    for (const { key } of next) done.add(key);
    left = left.filter(({ key }) => !done.has(key));
  }
}

/**
 * The name of the principal that a job or run runs as: the caller, or a service principal on which the caller has the
 * user role.
 * @throws ApiError 403 without that role, 400 for one that does not exist.
 */
export function parseRunAs(source: Json, caller: Principal, context: WorkspaceContext): string {
  if (source.run_as === undefined || source.run_as === null) return caller.name;
  const runAs = isObject(source.run_as) ? source.run_as : {};
  const name = optionalString(runAs, 'service_principal_name') ?? optionalString(runAs, 'user_name');
  if (!name) throw invalid('run_as must name a service_principal_name or a user_name.');
  if (name !== caller.name && !context.roles.has(caller, 'roles/servicePrincipal.user', name))
    throw forbidden(
      `${caller.name} may not run jobs as ${name}: that needs the Service Principal User role.`,
    );
  if (!context.tokens.principalNamed(name)) throw invalid(`run_as: principal ${name} does not exist.`);
  return name;
}
