import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PythonEnvironment, PythonEnvironments } from '../python/python-environments.ts';
import type { ModelWorker } from '../serving/model-worker.ts';
import { startModelWorker } from '../serving/model-worker.ts';
import type { Child, ChildOptions } from './child-process.ts';
import { startChild } from './child-process.ts';

/** How the code of users comes to run: the programs of runs, and the models that endpoints serve. */
export interface ProgramRunner {
  /** What a program runs in. @param requirements lines of a requirements file */
  prepare(requirements: readonly string[], onProgress?: (line: string) => void): Promise<PythonEnvironment>;
  /** Starts a program with the arguments, folder and environment that a job's process gets. */
  start(program: ChildOptions): Promise<Child>;
  /** Loads the model of a version's folder. @param signal gives it up @throws when it cannot be loaded */
  serve(folder: string, signal: AbortSignal): Promise<ModelWorker>;
}

/** Each in a process of its own, in a virtual environment with its requirements. */
export function createProcessRunner(python: PythonEnvironments): ProgramRunner {
  return {
    prepare: (requirements, onProgress) => python.prepare(requirements, onProgress),
    start: startChild,
    async serve(folder, signal) {
      const environment = await python.prepare(await requirementsOf(folder));
      signal.throwIfAborted();
      return await startModelWorker(environment.python, folder, signal);
    },
  };
}

/** The lines that mlflow wrote when it logged the model; the environment of equal lines is shared with jobs. */
async function requirementsOf(folder: string): Promise<string[]> {
  const text = await readFile(join(folder, 'requirements.txt'), 'utf8');
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
