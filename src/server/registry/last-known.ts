import { DatabricksError } from '../databricks/error.ts';
import type { Clock } from '../duty/clock.ts';
import { pause } from '../duty/clock.ts';
import { outsideLease } from '../duty/lease.ts';
import type { Transactor } from '../store/transactor.ts';
import type { AnswerStore } from './ports.ts';

/** An answer of a workspace. */
export interface Known<T> {
  value: T;
  /** When it was read (ISO 8601), where that was not just now: the workspace does not answer. */
  asOf: string | null;
}

interface Remembered {
  value: unknown;
  readAt: string;
}

export interface LastKnownOptions {
  transactor: Transactor<{ answers: AnswerStore }>;
  clock: Clock;
  /** How long an answer serves all viewers, milliseconds. */
  freshMs: number;
}

/** How long a viewer waits for an answer when an older one is known; and how old that may be in the store (ms). */
const patienceMs = 3_000;
const staleMs = 10 * 60_000;

/**
 * Answers of workspaces. One question is asked at a time and serves everybody for a moment, so that viewers cost
 * Databricks nothing; what was answered last is remembered, here and in the store, for while it does not answer.
 */
export class LastKnown {
  readonly #options: LastKnownOptions;
  readonly #fresh = new Map<string, { until: number; value: Promise<unknown> }>();
  readonly #remembered = new Map<string, Remembered & { savedAt: number }>();

  constructor(options: LastKnownOptions) {
    this.#options = options;
  }

  /** What was asked is asked again at the next look. */
  expire(): void {
    this.#fresh.clear();
  }

  /** Of now, for judging by. @throws DatabricksError when there is no answer */
  async now<T>(key: string, ask: () => Promise<T>): Promise<T> {
    return await this.#ask(key, ask);
  }

  /**
   * Of now, else what was known last: to show.
   *
   * @throws DatabricksError when there is no answer and never was one, or when it is a refusal
   */
  async read<T>(key: string, ask: () => Promise<T>): Promise<Known<T>> {
    const { clock } = this.#options;
    const answer = this.#ask(key, ask).then((value): Known<T> => ({ value, asOf: null }));
    try {
      const enough = new AbortController();
      const late = pause(clock, patienceMs, enough.signal).then(() => null);
      const first = await Promise.race([answer, late]).finally(() => enough.abort());
      return first ?? (await this.#last<T>(key)) ?? (await answer);
    } catch (error) {
      if (!(error instanceof DatabricksError && error.temporary)) throw error;
      const last = await this.#last<T>(key);
      if (!last) throw error;
      return last;
    }
  }

  #ask<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const { clock, freshMs } = this.#options;
    const found = this.#fresh.get(key);
    if (found && found.until > clock.monotonic()) return found.value as Promise<T>;
    // Of the moment when it was asked: a release that ended meanwhile is newer.
    const readAt = clock.now().toISOString();
    const entry = { until: Number.POSITIVE_INFINITY, value: ask() };
    this.#fresh.set(key, entry);
    entry.value.then(
      (value) => {
        entry.until = clock.monotonic() + freshMs;
        this.#remember(key, value, readAt);
      },
      () => {
        if (this.#fresh.get(key) === entry) this.#fresh.delete(key);
      },
    );
    return entry.value;
  }

  async #last<T>(key: string): Promise<Known<T> | null> {
    const here = this.#remembered.get(key);
    const there = await this.#options.transactor.stores.answers.find(key);
    const newest: Remembered | null = here && (!there || here.readAt >= there.readAt) ? here : there;
    return newest && { value: newest.value as T, asOf: newest.readAt };
  }

  /** Written when it changed, and now and then. */
  #remember(key: string, value: unknown, readAt: string): void {
    const { transactor, clock } = this.#options;
    const now = clock.monotonic();
    const before = this.#remembered.get(key);
    const same = before !== undefined && JSON.stringify(before.value) === JSON.stringify(value);
    const save = !same || now - before.savedAt > staleMs;
    this.#remembered.set(key, { value, readAt, savedAt: save ? now : before.savedAt });
    if (!save) return;
    outsideLease(() => transactor.transaction(({ answers }) => answers.save(key, { value, readAt })))
      // It is an extra: what was answered is shown all the same, and saved with the next answer.
      .catch(() => this.#remembered.delete(key));
  }
}
