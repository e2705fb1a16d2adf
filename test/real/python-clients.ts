import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { createPythonEnvironments } from '../../src/emulator/databricks/python/python-environments.ts';
import type { Need } from './needs.ts';

/** Where virtual environments are kept: the demo's cache, outside the tree, or what the variable names. */
export const pythonCacheDir = resolve(
  process.env.GITEA_DATABRICKS_PYTHON_CACHE ??
    join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'gitea-databricks', 'python'),
);

interface PythonClients {
  /** The interpreter that has mlflow, databricks-sdk and scikit-learn; empty where they are missing. */
  python: string;
  missing: string | undefined;
}

declare module 'vitest' {
  export interface ProvidedContext {
    pythonClients: PythonClients;
  }
}

/** Makes the one environment of all tests before any of them, keyed by the lock file's content. */
export default async function setup(project: TestProject): Promise<void> {
  const lock = await readFile(fileURLToPath(new URL('./python-clients.lock', import.meta.url)), 'utf8');
  const requirements = lock.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const environments = createPythonEnvironments({ cacheDir: pythonCacheDir, python: 'python3', log });
  try {
    const { python } = await environments.prepare(requirements, sayOnce());
    project.provide('pythonClients', { python, missing: undefined });
  } catch (error) {
    project.provide('pythonClients', { python: '', missing: lastLines(error) });
  }
}

/** The environment's interpreter, or why there is none. */
export function pythonClients(): Need & { python: string } {
  const { python, missing } = inject('pythonClients');
  return { what: 'the Python clients (mlflow, databricks-sdk)', python, missing };
}

function sayOnce() {
  let said = false;
  return () => {
    if (!said) process.stdout.write('Installing the Python clients, once: this takes a minute or two.\n');
    said = true;
  };
}

/** One line of an error whose first line says what failed and whose last ones say why. */
function lastLines(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).trim().split('\n');
  const because = lines.filter((line) => line.startsWith('ERROR')).slice(-1);
  return [lines[0], ...because].join(' ');
}
