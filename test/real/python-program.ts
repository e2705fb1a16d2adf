import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { skipUnless } from './needs.ts';
import { pythonClients } from './python-clients.ts';

/** The end of a program's standard error that goes into a failure, in characters. */
const tailLength = 4000;

interface PythonProgram {
  /** The file; its checks are declared with `@check("…")` (checks.py). */
  program: URL;
  /** What the program gets beside PATH; asked once, before it starts. Absolute HOME keeps the user's settings out. */
  environment: () => Promise<Record<string, string>> | Record<string, string>;
  /** Where it runs and what it may fill with files. */
  folder: () => string;
}

/** One test per check of a Python program, which runs once; a check that it did not come to fails with its last words. */
export function describePython(title: string, { program, environment, folder }: PythonProgram): void {
  const file = fileURLToPath(program);
  const names = [...readFileSync(file, 'utf8').matchAll(/^@?check\("([^"]+)"\)/gm)].map(
    ([, name]) => name ?? '',
  );
  if (names.length === 0) throw new Error(`${file} declares no checks.`);
  const clients = pythonClients();
  let checks: Checks | undefined;

  describe(title, () => {
    beforeAll(async () => {
      if (clients.missing !== undefined) return;
      checks = startChecks(clients.python, file, folder(), await environment());
    });
    afterAll(async () => {
      await checks?.stop();
      const unread = checks?.names().filter((name) => !names.includes(name)) ?? [];
      if (unread.length > 0) throw new Error(`Checks whose names could not be read: ${unread.join('; ')}`);
    });
    for (const name of names)
      test(name, async (context) => {
        skipUnless(clients, context);
        const error = await checks?.outcome(name);
        if (error) throw new Error(error);
      });
  });
}

interface Checks {
  /** Why a check failed; undefined when it passed. Resolves when the program has come to it or has ended. */
  outcome(name: string): Promise<string | undefined>;
  /** Of all checks that were asked for or that the program came to. */
  names(): string[];
  /** Ends the program where it still runs. */
  stop(): Promise<void>;
}

function startChecks(python: string, file: string, cwd: string, env: Record<string, string>): Checks {
  const child = spawn(python, [file], {
    cwd,
    env: {
      PATH: process.env.PATH,
      HOME: cwd,
      PYTHONPATH: dirname(fileURLToPath(import.meta.url)),
      PYTHONDONTWRITEBYTECODE: '1',
      // mlflow would tell its makers of each call.
      DO_NOT_TRACK: 'true',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const outcomes = new Map<string, PromiseWithResolvers<string | undefined>>();
  const of = (name: string) => {
    const known = outcomes.get(name) ?? Promise.withResolvers<string | undefined>();
    outcomes.set(name, known);
    return known;
  };
  let ended: string | undefined;
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors = (errors + chunk).slice(-tailLength);
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('{"check"')) return;
    const { check, error } = JSON.parse(line) as { check: string; error?: string };
    of(check).resolve(error);
  });
  const closed = new Promise<void>((resolve) => {
    child.once('error', (error) => end(error.message));
    child.once('close', (code, signal) => end(`exit code ${code ?? signal}`));
    function end(how: string): void {
      ended ??= `${basename(file)} ended before this check (${how})\n${errors}`;
      for (const each of outcomes.values()) each.resolve(ended);
      resolve();
    }
  });
  return {
    outcome: (name) => {
      const known = of(name);
      if (ended !== undefined) known.resolve(ended);
      return known.promise;
    },
    names: () => [...outcomes.keys()],
    async stop() {
      if (ended === undefined) child.kill('SIGKILL');
      await closed;
    },
  };
}
