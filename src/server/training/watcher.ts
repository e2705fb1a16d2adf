import type { Clock } from '../duty/clock.ts';
import type { Duty } from '../duty/keeper.ts';
import { Lanes } from '../duty/lanes.ts';
import { LeaseLost } from '../duty/lease.ts';
import { Rounds } from '../duty/rounds.ts';
import { backoffMs } from '../outbox/backoff.ts';
import type { Answering } from '../outbox/destinations.ts';
import { beyondAnyPause } from '../outbox/due.ts';
import type { Run, RunStore } from './ports.ts';

export interface WatcherOptions {
  /** Ids of the bindings to this workspace: the runs of their repositories are watched. */
  bindings: readonly string[];
  runs: Pick<RunStore, 'due' | 'nextDue'>;
  /** Takes a run as far as it gets and records when to look again. */
  advance: (run: Run) => Promise<void>;
  answering?: Answering;
  clock: Clock;
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
  /** Runs that are looked at at the same time: as many as one page of the Jobs API lists. */
  lanes?: number;
}

/** The most runs that one round reads from the store. */
const mostDue = 200;
/** For how long a run that was looked at counts as under way, milliseconds. */
const beside = 60_000;

/**
 * Watches the runs of one workspace. What is due stands in the store, so watching goes on by itself after a restart or
 * in another backend; a workspace in which nothing is under way costs one query a minute. While the workspace does not
 * answer nothing is looked at but, now and then, one run.
 *
 * A run whose repository has no binding any more is no watcher's: nothing is called for it. It stays due, and is taken
 * up when a binding covers its repository again.
 */
export class Watcher implements Duty {
  readonly #options: WatcherOptions;
  readonly #rounds: Rounds;
  readonly #lanes: Lanes<string>;
  /** Runs whose look could not be recorded (the store cannot be written): failures, and when to look again (monotonic). */
  readonly #resting = new Map<string, { failures: number; until: number }>();
  /** When each run was looked at last (monotonic). */
  readonly #looked = new Map<string, number>();

  constructor(options: WatcherOptions) {
    this.#options = options;
    const { clock, log } = options;
    this.#rounds = new Rounds({
      round: (now, stop) => this.#round(now, stop),
      clock,
      failed: (error) => log.error({ err: error }, 'the runs could not be read'),
    });
    this.#lanes = new Lanes(() => this.#rounds.wake());
  }

  start(): void {
    this.#rounds.start();
  }

  async stop(): Promise<void> {
    await this.#rounds.stop();
    await this.#lanes.settled();
  }

  wake(): void {
    this.#rounds.wake();
  }

  /** How many runs are under way here. */
  get size(): number {
    const since = this.#options.clock.monotonic() - beside;
    for (const [id, at] of this.#looked) if (at < since) this.#looked.delete(id);
    return this.#looked.size;
  }

  async #round(now: Date, stop: AbortSignal): Promise<string | null> {
    const { runs, bindings, answering, lanes = 24 } = this.#options;
    const at = now.toISOString();
    const wait = answering?.waitMs() ?? 0;
    if (wait > 0) return new Date(now.getTime() + wait).toISOString();
    const next = await runs.nextDue('', bindings);
    // What waits for longer than any pause is due: the clock was set back.
    if (next === null || (next > at && next <= beyondAnyPause(at))) return next;
    const permits = Math.min(lanes, answering?.permits() ?? lanes) - this.#lanes.size;
    const due = permits > 0 ? await runs.due(at, mostDue, bindings) : [];
    const waiting = due.filter((run) => !this.#lanes.has(run.id) && !this.#rests(run));
    if (stop.aborted) return null;
    for (const run of waiting.slice(0, permits)) this.#look(run);
    return await runs.nextDue(at, bindings);
  }

  #rests(run: Run): boolean {
    const rest = this.#resting.get(run.id);
    return rest !== undefined && rest.until > this.#options.clock.monotonic();
  }

  #look(run: Run): void {
    const { advance, clock, log } = this.#options;
    this.#looked.set(run.id, clock.monotonic());
    this.#lanes.start(run.id, async () => {
      try {
        await advance(run);
        this.#resting.delete(run.id);
      } catch (error) {
        const failures = (this.#resting.get(run.id)?.failures ?? 0) + 1;
        const pause = backoffMs(failures);
        this.#resting.set(run.id, { failures, until: clock.monotonic() + pause });
        clock.after(pause + 1, () => this.#rounds.wake());
        const fields = { err: error, run: run.id };
        if (error instanceof LeaseLost) log.warn(fields, 'a run is another backend’s now');
        else log.error(fields, 'a run could not be advanced');
      }
    });
  }
}
