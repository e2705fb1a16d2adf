import type { Clock } from '../duty/clock.ts';

export interface SharedAnswersOptions {
  clock: Clock;
  /** How long an answer serves others, milliseconds. */
  freshMs: number;
  /** How many are kept; the oldest goes. */
  most?: number;
}

/**
 * Answers that serve everybody who asks the same at about the same time: one question is under way at a time, and its
 * answer serves for a moment. A failure serves those who waited for it, and nobody after.
 */
export class SharedAnswers<Answer> {
  readonly #options: SharedAnswersOptions;
  readonly #known = new Map<string, { answer: Promise<Answer>; until: number }>();

  constructor(options: SharedAnswersOptions) {
    this.#options = options;
  }

  /** @param key what is asked, and as whom: nobody is given an answer that was for others */
  async get(key: string, ask: () => Promise<Answer>): Promise<Answer> {
    const { clock, freshMs, most = 100 } = this.#options;
    const found = this.#known.get(key);
    if (found && found.until > clock.monotonic()) return await found.answer;
    const entry = { answer: ask(), until: Number.POSITIVE_INFINITY };
    this.#known.delete(key);
    this.#known.set(key, entry);
    const [oldest] = this.#known.keys();
    if (this.#known.size > most && oldest !== undefined) this.#known.delete(oldest);
    try {
      const answer = await entry.answer;
      entry.until = clock.monotonic() + freshMs;
      return answer;
    } catch (error) {
      if (this.#known.get(key) === entry) this.#known.delete(key);
      throw error;
    }
  }
}
