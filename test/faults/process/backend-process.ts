import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Arming, FromProcess, Order, ToProcess } from './words.ts';

const root = resolve(import.meta.dirname, '../../..');
const preload = new URL('./at-moment.ts', import.meta.url).href;
const shiftedClock = new URL('./shifted-clock.ts', import.meta.url).href;

/** How a process ended. */
export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface BackendProcessOptions {
  configFile: string;
  /** Standard output and error are appended to it. */
  logFile: string;
  /** How long the start may take, milliseconds. */
  patienceMs?: number;
  /** Armed before its first line. */
  arming?: Arming;
  /** How far its wall clock is ahead of the machine's, milliseconds. */
  aheadMs?: number;
}

/** The real backend in a process of its own, as an administrator starts it. */
export class BackendProcess {
  readonly #child: ChildProcess;
  readonly #options: BackendProcessOptions;
  readonly #answers = new Map<number, (answer: FromProcess) => void>();
  #number = 0;
  #ending: Ending | null = null;
  /** Resolves when it is gone, however it ended. */
  readonly ended: Promise<Ending>;
  /** Milliseconds from the start of the process until it said that it serves. */
  servingAfterMs = Number.NaN;

  private constructor(options: BackendProcessOptions) {
    this.#options = options;
    const log = openSync(options.logFile, 'a');
    const args = [
      '--import',
      preload,
      '--import',
      shiftedClock,
      'src/cli/main.ts',
      'serve',
      '--config',
      options.configFile,
    ];
    const armed = options.arming === undefined ? {} : { FAULTS_ARMING: JSON.stringify(options.arming) };
    const env = { ...process.env, ...armed, FAULTS_AHEAD_MS: String(options.aheadMs ?? 0) };
    this.#child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', log, log, 'ipc'] });
    closeSync(log);
    this.ended = new Promise((done) => {
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        this.#ending ??= { code, signal };
        done(this.#ending);
      };
      this.#child.once('exit', end);
      this.#child.once('error', () => end(null, null));
    });
    this.#child.on('message', (answer: FromProcess) => {
      this.#answers.get(answer.number)?.(answer);
      this.#answers.delete(answer.number);
    });
  }

  /** Starts it and waits until it serves. @param ready whether it does @throws with its log when it ends before */
  static async start(options: BackendProcessOptions, ready: () => Promise<boolean>): Promise<BackendProcess> {
    const before = performance.now();
    const started = new BackendProcess(options);
    const late = before + (options.patienceMs ?? 60_000);
    while (!(await ready())) {
      if (started.#ending !== null || performance.now() > late) {
        started.signal('SIGKILL');
        const { code, signal } = await started.ended;
        throw new Error(`The backend did not start (${signal ?? code}):\n${started.log(4_000)}`);
      }
      await sleep(20);
    }
    started.servingAfterMs = performance.now() - before;
    return started;
  }

  /** Starts it and waits for its end. @throws when it lives longer than the patience allows */
  static async startAndDie(options: BackendProcessOptions): Promise<Ending> {
    const started = new BackendProcess(options);
    const late = new Promise<null>((resolve) =>
      setTimeout(resolve, options.patienceMs ?? 60_000, null).unref(),
    );
    const ending = await Promise.race([started.ended, late]);
    if (ending !== null) return ending;
    await started.kill();
    throw new Error(`The backend did not end:\n${started.log(4_000)}`);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get running(): boolean {
    return this.#ending === null;
  }

  /** From now on: at the nth time that the moment is reached, the signal. Resolves when it is set. */
  async arm(arming: Arming | null): Promise<void> {
    await this.#ask({ kind: 'arm', arming });
  }

  /** How often each moment was reached since its start. */
  async counts(): Promise<Record<string, number>> {
    return (await this.#ask({ kind: 'count' })).counts;
  }

  /** Sets its wall clock; what has passed since some moment stays as it is. */
  async setClock(aheadMs: number): Promise<void> {
    await this.#ask({ kind: 'set-clock', aheadMs });
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#ending === null) this.#child.kill(signal);
  }

  /** At once, wherever it is. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  /** Asks it to end, as systemd does. */
  async stop(): Promise<Ending> {
    this.signal('SIGTERM');
    return await this.ended;
  }

  /** The end of its log, so many characters. */
  log(length: number): string {
    return readFileSync(this.#options.logFile, 'utf8').slice(-length);
  }

  async #ask(message: Order): Promise<FromProcess> {
    this.#number += 1;
    const number = this.#number;
    const answered = new Promise<FromProcess>((resolve) => this.#answers.set(number, resolve));
    const sent: ToProcess = { ...message, number };
    this.#child.send(sent);
    const gone = this.ended.then(() => {
      throw new Error('The backend ended before it answered.');
    });
    return await Promise.race([answered, gone]);
  }
}
