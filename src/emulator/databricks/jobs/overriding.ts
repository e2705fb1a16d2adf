import type { Json } from '../body.ts';
import { optionalStrings, optionalTexts } from '../body.ts';
import { invalid } from '../errors.ts';
import type { RunSettings } from './settings.ts';

/** Each kind of parameters as JSON, in bytes (Jobs API's reference). */
const largest = 10_000;

/**
 * The settings with what run-now gives over the tasks' own parameters: `notebook_params` are merged with those of the
 * notebooks (run-now wins), `python_params` replace those of the Python files.
 * @throws ApiError 400 where they are too large, meet no task, or come with job_parameters.
 */
export function overridden(settings: RunSettings, body: Json): RunSettings {
  const notebook = optionalTexts(body, 'notebook_params');
  const hasNotebook = Object.keys(notebook).length > 0;
  const python = body.python_params === undefined ? undefined : optionalStrings(body, 'python_params');
  if (!hasNotebook && !python) return settings;
  const overriding = {
    ...(hasNotebook && { notebook_params: notebook }),
    ...(python && { python_params: python }),
  };
  for (const [name, given] of Object.entries(overriding))
    if (Buffer.byteLength(JSON.stringify({ [name]: given })) > largest)
      throw invalid(`${name} cannot exceed ${largest} bytes.`);
  if (python && body.job_parameters !== undefined)
    throw invalid('job_parameters and python_params cannot be given together.');
  if (hasNotebook && !settings.tasks.some((task) => task.notebook))
    throw invalid('notebook_params were given, but the job has no notebook task.');
  const tasks = settings.tasks.map((task) => {
    if (!task.notebook) return python ? { ...task, parameters: python } : task;
    return {
      ...task,
      notebook: { ...task.notebook, parameters: { ...task.notebook.parameters, ...notebook } },
    };
  });
  return { ...settings, tasks, overriding };
}
