import type { Clock } from './clock.ts';
import { pause } from './clock.ts';
import type { Duty } from './keeper.ts';
import { LeaseLost } from './lease.ts';
import { Rounds } from './rounds.ts';

/** Some rows of a table, in the order of their ids. */
export interface OldRows {
  /** Those that came before then. */
  before: Date;
  /** Id of the last one that was looked at; empty: from the beginning. */
  after: string;
  /** So many at once. */
  limit: number;
}

/**
 * Forgets what nobody needs of old rows. What waits, what failed, and what others compare with is not touched.
 *
 * @returns id of the last row that was looked at; null: there is none
 */
export type Forget = (rows: OldRows) => Promise<string | null>;

export interface UpkeepOptions {
  /** Each call is a transaction of its own. */
  tables: readonly Forget[];
  clock: Clock;
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
  /** How old rows become first, milliseconds; 30 days by default. */
  keepMs?: number;
}

/** Few at once, with a rest between: whoever else writes waits for the transaction under way. */
const page = { rows: 200, restMs: 100 };
const hour = 3_600_000;
const day = 24 * hour;

/**
 * Once a day forgets what is old and done with, so that the store does not grow with all that ever came and went. It
 * begins with the oldest each time: what waited yesterday may be done with today. The duty `upkeep`.
 */
export class Upkeep implements Duty {
  readonly #options: UpkeepOptions;
  readonly #rounds: Rounds;

  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.#rounds = new Rounds({
      round: (now, stop) => this.#round(now, stop),
      clock: options.clock,
      failed: (err) => {
        const { log } = options;
        if (err instanceof LeaseLost) log.warn({ err }, 'the upkeep is another backend’s now');
        else log.error({ err }, 'what is old could not be forgotten');
      },
      longestMs: day,
      restMs: hour,
    });
  }

  start(): void {
    this.#rounds.start();
  }

  async stop(): Promise<void> {
    await this.#rounds.stop();
  }

  async #round(now: Date, stop: AbortSignal): Promise<null> {
    const { tables, clock, keepMs = 30 * day } = this.#options;
    const before = new Date(now.getTime() - keepMs);
    for (const forget of tables) {
      let after: string | null = '';
      while (after !== null && !stop.aborted) {
        after = await forget({ before, after, limit: page.rows });
        await pause(clock, page.restMs, stop);
      }
    }
    return null;
  }
}
