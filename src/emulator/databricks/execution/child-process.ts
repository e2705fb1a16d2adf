import { spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';

export interface ChildOptions {
  command: string;
  args: readonly string[];
  cwd: string;
  /** The whole environment of the child: nothing is inherited. */
  env: Record<string, string>;
  /** stdout and stderr as they come, never splitting a character. */
  onOutput(text: string): void;
}

export interface ChildEnd {
  /** Undefined when a signal ended it. */
  code: number | undefined;
  signal: NodeJS.Signals | undefined;
}

export interface Child {
  readonly pid: number;
  /** Resolves when the process has ended and its output was read; what it left in its group is killed. */
  readonly ended: Promise<ChildEnd>;
  /** SIGTERM to the whole process group, SIGKILL after `graceMs`. Resolves when it has ended. */
  stop(graceMs: number): Promise<void>;
}

/** Starts a process in a process group of its own. @throws the spawn error (`ENOENT` when the command is missing). */
export async function startChild(options: ChildOptions): Promise<Child> {
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    const decoder = new StringDecoder('utf8');
    stream.on('data', (chunk: Buffer) => options.onOutput(decoder.write(chunk)));
    stream.on('end', () => options.onOutput(decoder.end()));
  }
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${options.command} has no process id`);

  child.once('exit', () => signalGroup(pid, 'SIGKILL'));
  const ended = new Promise<ChildEnd>((resolve) => {
    child.once('close', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
  });
  return {
    pid,
    ended,
    async stop(graceMs) {
      signalGroup(pid, 'SIGTERM');
      const kill = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
      await ended;
      clearTimeout(kill);
    },
  };
}

/** Signals a process group; one that is gone already is fine. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
