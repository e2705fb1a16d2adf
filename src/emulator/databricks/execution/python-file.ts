import { basename, dirname, join } from 'node:path';
import { parentOf, parseWorkspacePath } from '../files/workspace-path.ts';
import { notStarted, succeeded, workloadFailed } from '../jobs/outcome.ts';
import { resolveReferences } from '../jobs/references.ts';
import { errorOf } from './error-trace.ts';
import type { Attempt, Program } from './program.ts';
import { TaskRefusal } from './program.ts';
import { readTaskLog } from './task-log.ts';

/** A `spark_python_task`: a Python file of the workspace in a copy of its folder. @throws TaskRefusal */
export function pythonFileProgram(attempt: Attempt, file: string): Program {
  const { context, run, task, settings, values, mayRead } = attempt;
  const pythonFile = resolveReferences(file, values);
  const path = parseWorkspacePath(pythonFile);
  if (!mayRead(path))
    throw new TaskRefusal(
      notStarted('UNAUTHORIZED_ERROR', 'CLIENT_ERROR', `${run.runAs} may not read ${pythonFile}.`),
    );
  const parent = context.files.find(parentOf(path) ?? '/');
  if (context.files.find(path)?.type !== 'FILE' || !parent)
    throw new TaskRefusal(
      notStarted(
        'RESOURCE_NOT_FOUND',
        'CLIENT_ERROR',
        `Cannot read the python file ${pythonFile}: it does not exist.`,
      ),
    );
  return {
    requirements: [],
    async arrange(tree) {
      const script = join(await tree.place(parent), basename(path));
      const args: string[] = [];
      for (const parameter of settings.parameters)
        args.push(await tree.translate(resolveReferences(parameter, values)));
      return { args: [script, ...args], cwd: dirname(script) };
    },
    outcome(exit) {
      if (exit === undefined) return succeeded;
      const { error, errorTrace } = errorOf(readTaskLog(context, task).text, exit);
      return workloadFailed(error, errorTrace);
    },
  };
}
