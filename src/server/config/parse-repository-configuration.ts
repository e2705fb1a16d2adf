/**
 * A little longer than 200 lines: one function per part of the file, read best beside each other.
 */
import picomatch from 'picomatch';
import type { Static } from 'typebox';
import type { ConfigurationProblem } from '../../contract/repository.ts';
import type { ParameterRule } from '../../contract/run.ts';
import { checkShape } from './check-shape.ts';
import { nearestName } from './nearest-name.ts';
import { parseDuration, parseFraction } from './quantities.ts';
import type { RepositoryConfiguration } from './repository-configuration.ts';
import { RepositoryFile } from './repository-schema.ts';
import type { Binding } from './server-configuration.ts';
import { parameterFault } from './validate-parameters.ts';
import type { DocumentPath, YamlDocument } from './yaml-document.ts';
import { inFileOrder, parseYaml } from './yaml-document.ts';

type GivenFile = Static<typeof RepositoryFile>;
type Report = (path: DocumentPath, message: string) => void;

/** Where the repository configuration lies. */
export const repositoryConfigurationFile = '.gitea/databricks.yml';

const longestText = 64 * 1024;
const shortestTimeout = 60;
const longestTimeout = 24 * 3600;
const defaultTimeout = 3600;
const mostParameters = 50;
/** What ties a job's run to the commit (training/driver.ts). */
const passedToJobs: ReadonlySet<string> = new Set(['snapshot', 'commit', 'nonce', 'experiment', 'model']);

/**
 * Reads `.gitea/databricks.yml` and finds all that is wrong with it at once.
 *
 * @param text the file
 * @param binding what the repository may name: jobs, models; floors that its gates must agree with
 */
export function parseRepositoryConfiguration(
  text: string,
  binding: Pick<Binding, 'id' | 'jobs' | 'models' | 'floors'>,
  file: string = repositoryConfigurationFile,
): { configuration: RepositoryConfiguration } | { problems: ConfigurationProblem[] } {
  if (text.length > longestText) {
    return {
      problems: [{ file, line: null, path: '', message: 'The file is larger than 64 KiB. Make it smaller.' }],
    };
  }
  const document = parseYaml(text, file);
  if (document.problems.length > 0) return { problems: document.problems };
  const problems = checkShape(RepositoryFile, document);
  if (problems.length > 0) return { problems: inFileOrder(problems) };
  return interpret(document.value as GivenFile, binding, document);
}

function interpret(
  given: GivenFile,
  binding: Pick<Binding, 'id' | 'jobs' | 'models' | 'floors'>,
  document: YamlDocument,
): { configuration: RepositoryConfiguration } | { problems: ConfigurationProblem[] } {
  const problems: ConfigurationProblem[] = [];
  const report: Report = (path, message) => void problems.push(document.problem(path, message));
  const configuration: RepositoryConfiguration = {
    train: readTrain(given.train, Object.keys(binding.jobs), binding.id, report),
    paths: readPaths(given.train.paths ?? [], report),
    timeoutSeconds: readTimeout(given.train.timeout, report),
    parameters: readParameters(given.train.parameters ?? {}, given.train.job !== undefined, report),
    model: given.model ?? null,
    metrics: {
      primary: given.metrics.primary,
      gates: readGates(given.metrics.gates ?? {}, binding.floors, report),
    },
    release: { onMerge: given.release?.on_merge ?? 'none' },
  };
  if (given.model !== undefined && !Object.hasOwn(binding.models, given.model)) {
    report(['model'], notNamed('model', given.model, Object.keys(binding.models), binding.id));
  }
  const gated = configuration.metrics.gates.length > 0 || Object.keys(binding.floors).length > 0;
  if (configuration.release.onMerge === 'promote' && !gated) {
    report(
      ['release', 'on_merge'],
      '"promote" needs at least one gate: without one every merge would be released. Set "metrics.gates", or use "none".',
    );
  }
  if (configuration.release.onMerge === 'promote' && given.model === undefined) {
    report(['release', 'on_merge'], '"promote" needs a model: say which with "model:", or use "none".');
  }
  return problems.length > 0 ? { problems: inFileOrder(problems) } : { configuration };
}

function notNamed(kind: 'job' | 'model', name: string, names: string[], binding: string): string {
  const near = nearestName(name, names);
  const advice = near
    ? `Did you mean "${near}"?`
    : names.length > 0
      ? `It names: ${names.join(', ')}.`
      : `It names no ${kind}s.`;
  return `The binding "${binding}" names no ${kind} "${name}". ${advice} An administrator can add one to the server's configuration.`;
}

/** Relative, inside the repository, without tricks. */
function pathFault(path: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(path)) return 'must have no control characters';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path) || path.includes('\\'))
    return 'must be relative, with "/"';
  if (path.split('/').some((step) => step === '..' || step === '.' || step === '')) {
    return 'must not contain "..", "." or empty steps';
  }
  return null;
}

function readTrain(
  train: GivenFile['train'],
  jobs: string[],
  binding: string,
  report: Report,
): RepositoryConfiguration['train'] {
  const { entry, job, dependencies } = train;
  if ((entry === undefined) === (job === undefined)) {
    const both = entry !== undefined ? 'has both "entry" and "job": keep one' : 'needs "entry" or "job"';
    report(
      ['train'],
      `"train" ${both}. "entry: train.py" runs a file, "job: <name>" starts an existing job.`,
    );
  }
  if (job !== undefined) {
    if (!jobs.includes(job)) report(['train', 'job'], notNamed('job', job, jobs, binding));
    if (dependencies !== undefined) {
      report(
        ['train', 'dependencies'],
        'A job brings its own dependencies: remove this line, or use "entry".',
      );
    }
    return { kind: 'job', job };
  }
  for (const [key, path] of [
    ['entry', entry],
    ['dependencies', dependencies],
  ] as const) {
    const fault = path === undefined ? null : pathFault(path);
    if (fault !== null) report(['train', key], `"${key}" ${fault}, such as "src/train.py"; it is "${path}".`);
  }
  if (entry !== undefined && !entry.endsWith('.py')) {
    report(['train', 'entry'], `"entry" must be a Python file ending in .py; it is "${entry}".`);
  }
  return { kind: 'entry', entry: entry ?? '', dependencies: dependencies ?? null };
}

function readPaths(paths: string[], report: Report): string[] {
  paths.forEach((pattern, position) => {
    try {
      picomatch.makeRe(pattern, { strictBrackets: true });
    } catch (error) {
      report(['train', 'paths', position], `"${pattern}" is no pattern: ${(error as Error).message}.`);
    }
  });
  return paths;
}

function readTimeout(timeout: string | undefined, report: Report): number {
  if (timeout === undefined) return defaultTimeout;
  const seconds = parseDuration(timeout);
  if (seconds !== null && seconds >= shortestTimeout && seconds <= longestTimeout) return seconds;
  report(
    ['train', 'timeout'],
    `"timeout" must be a time between 1m and 24h, such as 30m; it is "${timeout}".`,
  );
  return defaultTimeout;
}

function readParameters(
  parameters: NonNullable<GivenFile['train']['parameters']>,
  startsJob: boolean,
  report: Report,
): ParameterRule[] {
  const rules = Object.entries(parameters).map(([name, rule]): ParameterRule => ({ name, ...rule }));
  if (rules.length > mostParameters) {
    report(
      ['train', 'parameters'],
      `There are ${rules.length} parameters; at most ${mostParameters} are possible.`,
    );
  }
  for (const rule of rules) {
    const at = ['train', 'parameters', rule.name];
    if (startsJob && passedToJobs.has(rule.name)) {
      report(at, `The backend itself passes "${rule.name}" to jobs: choose another name.`);
    }
    if (rule.type === 'string' || rule.type === 'boolean') {
      for (const key of ['min', 'max'] as const) {
        if (rule[key] !== undefined) report([...at, key], `"${key}" is for numbers; this is a ${rule.type}.`);
      }
    }
    if (rule.min !== undefined && rule.max !== undefined && rule.min > rule.max) {
      report([...at, 'min'], `"min" (${rule.min}) must not be above "max" (${rule.max}).`);
    }
    const { choices, ...bounds } = rule;
    choices?.forEach((choice, position) => {
      const fault = parameterFault(bounds, choice);
      if (fault !== null) report([...at, 'choices', position], `A choice of ${fault}`);
    });
    const fault = parameterFault(rule, rule.default);
    if (fault !== null) report([...at, 'default'], `The default of ${fault}`);
  }
  return rules;
}

function readGates(
  gates: NonNullable<GivenFile['metrics']['gates']>,
  floors: Binding['floors'],
  report: Report,
): RepositoryConfiguration['metrics']['gates'] {
  return Object.entries(gates).map(([metric, { direction, limit, regression }]) => {
    const at = ['metrics', 'gates', metric];
    const fraction = regression === undefined ? null : parseFraction(regression);
    if (regression !== undefined && fraction === null) {
      report(
        [...at, 'regression'],
        `"regression" must be a percentage from 0% to 100%, such as 2%; it is "${regression}".`,
      );
    }
    if (limit === undefined && regression === undefined) {
      report(at, `The gate on "${metric}" says nothing: give it "limit", "regression" or both.`);
    }
    const floor = Object.hasOwn(floors, metric) ? floors[metric] : undefined;
    if (floor && floor.direction !== direction) {
      report(
        [...at, 'direction'],
        `The server's configuration says that "${metric}" gets better when ${floor.direction}: use "${floor.direction}".`,
      );
    }
    return { metric, direction, limit: limit ?? null, regression: fraction };
  });
}
