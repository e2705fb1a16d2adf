import { existsSync, readFileSync } from 'node:fs';
import { writePrivateFile } from './private-file.ts';
import type { Progress } from './progress.ts';

/**
 * What is done already, in one file (mode 600, since it holds the demo's passwords). A step is finished when its
 * facts are in the file; one that was interrupted runs again, so each step looks first what is there.
 */
export class Journal {
  readonly #path: string;
  readonly #progress: Progress;
  readonly #signal: AbortSignal;
  readonly #facts: Record<string, unknown>;

  constructor(path: string, progress: Progress, signal: AbortSignal) {
    this.#path = path;
    this.#progress = progress;
    this.#signal = signal;
    this.#facts = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>) : {};
  }

  /** Runs a step unless it is finished. @param title what the terminal shows while it runs @returns its facts */
  async step<Facts>(name: string, title: string, run: () => Promise<Facts>): Promise<Facts> {
    if (Object.hasOwn(this.#facts, name)) return this.#facts[name] as Facts;
    this.#signal.throwIfAborted();
    if (title !== '') this.#progress.line(title);
    const facts = await run();
    this.keep(name, facts);
    return facts;
  }

  /** A value that is made once, such as a password. */
  once<Value>(name: string, make: () => Value): Value {
    if (!Object.hasOwn(this.#facts, name)) this.keep(name, make());
    return this.#facts[name] as Value;
  }

  /** The facts of a finished step. */
  known<Facts>(name: string): Facts | undefined {
    return this.#facts[name] as Facts | undefined;
  }

  keep(name: string, facts: unknown): void {
    // A step without facts is finished too.
    this.#facts[name] = facts ?? null;
    writePrivateFile(this.#path, `${JSON.stringify(this.#facts, null, 2)}\n`);
  }
}
