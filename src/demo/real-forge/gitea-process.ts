import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Account } from './account.ts';
import { ids } from './account.ts';
import type { KeptProgram } from './keeper.ts';

const run = promisify(execFile);
const keeper = fileURLToPath(new URL('keeper.ts', import.meta.url));

export interface GiteaProgram {
  path: string;
  account: Account | null;
  dataDir: string;
  customDir: string;
  configFile: string;
  /** Where it and git put what is theirs for a moment, and look for their settings. */
  homeDir: string;
  logFile: string;
}

/** One command of the binary, beside the running server. @returns what it printed @throws with what it complained of */
export async function command(program: GiteaProgram, ...args: string[]): Promise<string> {
  const { path, account, dataDir } = program;
  try {
    const options = { cwd: dataDir, env: environment(program), timeout: 120_000, ...ids(account) };
    return (await run(path, [...args, ...places(program)], options)).stdout;
  } catch (error) {
    const { stderr = '', stdout = '' } = error as { stderr?: string; stdout?: string };
    const said = (stderr.trim() || stdout.trim()).split('\n').at(-1) || (error as Error).message;
    throw new Error(`gitea ${args.slice(0, 3).join(' ')} failed: ${said}`, { cause: error });
  }
}

/** A started `gitea web`. */
export interface GiteaServer {
  /** Stops it, by force after some seconds. */
  stop(): Promise<void>;
}

/** Starts the server and waits until it answers. @throws with the end of its log when it does not */
export async function startServer(program: GiteaProgram, origin: string): Promise<GiteaServer> {
  const logged = statSync(program.logFile, { throwIfNoEntry: false })?.size ?? 0;
  const log = openSync(program.logFile, 'a', 0o600);
  const kept: KeptProgram = {
    command: program.path,
    args: ['web', ...places(program)],
    cwd: program.dataDir,
    env: environment(program),
    graceMs: 10_000,
    ...ids(program.account),
  };
  // A process group of its own: Ctrl-C is for us, who stop the parts in their order.
  const child = spawn(process.execPath, [keeper, JSON.stringify(kept)], {
    stdio: ['pipe', log, log],
    detached: true,
  });
  closeSync(log);
  const server = { stop: () => stop(child) };
  const said = () => readFileSync(program.logFile).subarray(logged).toString('utf8');
  try {
    await answers(child, origin, said);
  } catch (error) {
    await server.stop();
    throw new Error(`${(error as Error).message}: ${explain(said(), origin)}\nIts log: ${program.logFile}`);
  }
  return server;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  await ended;
}

const portTaken = /address already in use/;

async function answers(child: ChildProcess, origin: string, said: () => string): Promise<void> {
  // The first start makes the database, which takes its time on a slow disk.
  const end = Date.now() + 300_000;
  while (Date.now() < end) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('Gitea ended as it started');
    // It says so and stays.
    if (portTaken.test(said())) throw new Error('Gitea does not listen');
    try {
      const answer = await fetch(`${origin}/api/v1/version`, { signal: AbortSignal.timeout(5_000) });
      if (answer.ok) return;
    } catch {
      // Not yet.
    }
    await sleep(100);
  }
  throw new Error('Gitea did not answer in five minutes');
}

/** The last words of a log, and what they mean where that is known. */
function explain(log: string, origin: string): string {
  if (portTaken.test(log)) return `something else listens at ${origin}`;
  const lines = log.trim().split('\n');
  // What ended it: a fatal line, or a panic's line before its stack; else what else went wrong.
  const fatal = lines.filter((line) => / \[F\] |^(fatal error|panic): /.test(line));
  const faults = fatal.length > 0 ? fatal : lines.filter((line) => / \[[EC]\] /.test(line));
  const words = (faults.length > 0 ? faults.slice(0, 5) : lines.slice(-5))
    .map((line) => `\n  ${line}`)
    .join('');
  if (/sqlite/i.test(log) && /unknown driver|not.*(built|compiled|support)/i.test(log)) {
    return `it was built without SQLite; name a PostgreSQL database in GITEA_DATABASE_URL${words}`;
  }
  return words || 'it said nothing';
}

/** Every command is told where everything is: defaults depend on where the binary lies. */
function places({ dataDir, customDir, configFile }: GiteaProgram): string[] {
  return ['--work-path', dataDir, '--custom-path', customDir, '--config', configFile];
}

/** Nothing of ours but the way to git. */
function environment({ homeDir, account }: GiteaProgram): Record<string, string> {
  const { PATH = '', LANG = 'C.UTF-8', USER = 'gitea' } = process.env;
  return { PATH, LANG, USER: account?.name ?? USER, HOME: homeDir, TMPDIR: homeDir };
}
