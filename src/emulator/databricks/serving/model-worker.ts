import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { signalGroup } from '../execution/child-process.ts';

/** What a model answered: an HTTP status and a JSON text. */
interface Prediction {
  status: number;
  body: string;
}

/** A process that has one model loaded. */
export interface ModelWorker {
  /** Asks the model with an invocation's JSON text; requests queue in the process. @throws when the process ends. */
  predict(payload: string): Promise<Prediction>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

const script = fileURLToPath(new URL('./model_worker.py', import.meta.url));
const loadTimeoutMs = 180_000;
const predictTimeoutMs = 60_000;
/** How long a process may finish what it was asked before it is killed. */
const stopGraceMs = 2000;
/** How much of what the model printed is kept for errors, in characters. */
const keptOutput = 4000;

type Message = { ready: boolean; error?: string } | { id: number; status: number; body: string };

/** A process gets nothing of our environment but where to find programs and how to spell text. */
function workerEnvironment(): Record<string, string> {
  return {
    HOME: tmpdir(),
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    LANG: process.env.LANG ?? 'C.UTF-8',
    MLFLOW_DISABLE_TELEMETRY: 'true',
    DO_NOT_TRACK: 'true',
    PYTHONUTF8: '1',
    PYTHONNOUSERSITE: '1',
    // A model's folder holds what was uploaded and nothing else.
    PYTHONDONTWRITEBYTECODE: '1',
    // The machine is shared by several models: one thread each.
    OMP_NUM_THREADS: '1',
  };
}

/**
 * Starts a process and loads the model of `folder` (with its `MLmodel`) in it.
 * @param signal ends the process while it loads.
 * @throws Error with the model's own words when it cannot be loaded.
 */
export async function startModelWorker(
  python: string,
  folder: string,
  signal: AbortSignal,
): Promise<ModelWorker> {
  const child = spawn(python, ['-u', script, folder], {
    cwd: folder,
    env: workerEnvironment(),
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed = (printed + text).slice(-keptOutput);
  });
  // A write to a process that has just died: its end is what is reported.
  child.stdin.on('error', () => {});

  const waiting = new Map<number, { resolve(answer: Prediction): void; reject(error: Error): void }>();
  const loaded = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = JSON.parse(line) as Message;
    if ('ready' in message) {
      if (message.ready) loaded.resolve();
      else loaded.reject(new Error(message.error));
      return;
    }
    waiting.get(message.id)?.resolve(message);
    waiting.delete(message.id);
  });
  child.once('error', (error) => {
    loaded.reject(error);
    ended.resolve();
  });
  child.once('exit', () => child.pid !== undefined && signalGroup(child.pid, 'SIGKILL'));
  child.once('close', (code, signal) => {
    const why = new Error(`The model's process ended (${signal ?? `exit code ${code}`}). ${printed.trim()}`);
    loaded.reject(why);
    for (const request of waiting.values()) request.reject(why);
    waiting.clear();
    ended.resolve();
  });

  const kill = () => child.pid !== undefined && signalGroup(child.pid, 'SIGKILL');
  /** The end of its input ends the process when it has answered what it was asked. */
  async function stop(): Promise<void> {
    child.stdin.end();
    const late = setTimeout(kill, stopGraceMs);
    await ended.promise;
    clearTimeout(late);
  }

  const abort = () => loaded.reject(new Error('Loading the model was given up.'));
  signal.addEventListener('abort', abort);
  const slow = setTimeout(
    () => loaded.reject(new Error(`The model was not loaded within ${loadTimeoutMs / 1000} s.`)),
    loadTimeoutMs,
  );
  try {
    if (signal.aborted) abort();
    await loaded.promise;
  } catch (error) {
    kill();
    await ended.promise;
    throw error;
  } finally {
    clearTimeout(slow);
    signal.removeEventListener('abort', abort);
  }

  let next = 0;
  return {
    ended: ended.promise,
    stop,
    predict(payload) {
      const id = ++next;
      const { promise, resolve, reject } = Promise.withResolvers<Prediction>();
      // A model that hangs holds up everything behind it: its process is ended and started again by who needs it.
      const hung = setTimeout(() => {
        reject(new Error(`The model did not answer within ${predictTimeoutMs / 1000} s.`));
        kill();
      }, predictTimeoutMs);
      waiting.set(id, { resolve, reject });
      child.stdin.write(`${JSON.stringify({ id, payload })}\n`);
      return promise.finally(() => clearTimeout(hung));
    },
  };
}
