import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parentOf, parseWorkspacePath } from '../../files/workspace-path.ts';
import { notStarted, succeeded, workloadFailed } from '../../jobs/outcome.ts';
import { resolveReferences } from '../../jobs/references.ts';
import type { NotebookSettings } from '../../jobs/settings.ts';
import { errorOf } from '../error-trace.ts';
import type { Attempt, Program } from '../program.ts';
import { TaskRefusal } from '../program.ts';
import { readTaskLog } from '../task-log.ts';
import { collectNotebooks } from './collect-notebooks.ts';
import { keepOutput, taskValuesOf } from './notebook-output.ts';

const runner = fileURLToPath(new URL('./notebook_runner.py', import.meta.url));

/** What notebook_runner.py leaves behind. */
interface RunnerResult {
  exit?: string;
  values: Record<string, unknown>;
  error?: string;
  trace?: string;
}

/** A `notebook_task`: the cells of a workspace notebook and of those that it runs with `%run`. @throws TaskRefusal */
export function notebookProgram(attempt: Attempt, { path: asked, parameters }: NotebookSettings): Program {
  const { context, run, task, values, folder, mayRead } = attempt;
  const name = resolveReferences(asked, values);
  const path = parseWorkspacePath(name);
  const readable = mayRead(path);
  const parent = context.files.find(parentOf(path) ?? '/');
  const object = context.files.find(path);
  if (!readable || object?.type !== 'NOTEBOOK' || !parent)
    throw new TaskRefusal(
      notStarted(
        readable ? 'RESOURCE_NOT_FOUND' : 'UNAUTHORIZED_ERROR',
        'CLIENT_ERROR',
        `Unable to access the notebook "${name}". Either it does not exist, or the identity used to run this job, ${run.runAs}, lacks the required permissions.`,
      ),
    );
  const { notebooks, requirements } = collectNotebooks(context.files, mayRead, path);
  const first = notebooks[path];
  if (first && 'error' in first)
    throw new TaskRefusal(notStarted('RUN_EXECUTION_ERROR', 'CLIENT_ERROR', first.error));
  const programPath = join(folder, 'program.json');
  const resultPath = join(folder, 'result.json');
  // Job parameters reach every task that takes named parameters, and win over the task's own (docs: job parameters).
  const widgets = {
    ...Object.fromEntries(
      Object.entries(parameters).map(([key, value]) => [key, resolveReferences(value, values)]),
    ),
    ...run.parameters,
  };

  function result(): RunnerResult | undefined {
    try {
      return JSON.parse(readFileSync(resultPath, 'utf8')) as RunnerResult;
    } catch {
      return undefined;
    }
  }

  return {
    requirements,
    notebook: { id: String(object.id), path },
    async arrange(tree) {
      const cwd = await tree.place(parent);
      const program = { path, notebooks, widgets, task_values: taskValuesOf(context, run, task) };
      writeFileSync(programPath, JSON.stringify(program));
      return { args: [runner, programPath, resultPath], cwd };
    },
    outcome(exit) {
      const told = result();
      keepOutput(context, task, { result: told?.exit, values: told?.values ?? {} });
      if (told?.error !== undefined) {
        // The copies of workspace files read as on Databricks, as they do in the log.
        const trace = (told.trace ?? '').replaceAll(`${join(folder, 'Workspace')}/`, '/Workspace/');
        return workloadFailed(told.error, trace.trimEnd());
      }
      if (told && exit === undefined) return succeeded;
      const { error, errorTrace } = errorOf(readTaskLog(context, task).text, exit ?? 'exit code 0 too early');
      return workloadFailed(error, errorTrace);
    },
  };
}
