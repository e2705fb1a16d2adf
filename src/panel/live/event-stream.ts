import type { ChangeEvent } from '../../contract/event.ts';

/** What a stream tells those who share it. */
export type StreamMessage =
  | { kind: 'change'; event: ChangeEvent }
  | { kind: 'missed' }
  | { kind: 'connection'; connection: 'connecting' | 'open' | 'down' };

/** First and longest pause before a new attempt, in ms; each is drawn from its upper half at random. */
const firstPause = 1_000;
const longestPause = 60_000;

/** Pause before attempt `n` (from 0), in ms: doubling, with jitter so that viewers do not return at once. */
export function pauseBefore(n: number, random: () => number = Math.random): number {
  const full = Math.min(longestPause, firstPause * 2 ** n);
  return full * (0.5 + random() / 2);
}

/**
 * One EventSource that comes back by itself. The browser's own reconnect has a fixed pause and gives up on an
 * HTTP error, so each failure closes it and a new one is opened later. After an interruption `missed` is told,
 * since events are not kept.
 */
export class EventStream {
  readonly #url: string;
  readonly #heard: (message: StreamMessage) => void;
  readonly #renew: () => Promise<unknown>;
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #closed = false;

  /** @param renew called after a failure: the session may have ended, which EventSource does not tell. */
  constructor(url: string, heard: (message: StreamMessage) => void, renew: () => Promise<unknown>) {
    this.#url = url;
    this.#heard = heard;
    this.#renew = renew;
    this.#open();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  #open(): void {
    const source = new EventSource(this.#url, { withCredentials: true });
    this.#source = source;
    source.onopen = () => {
      this.#heard({ kind: 'connection', connection: 'open' });
      if (this.#failures > 0) this.#heard({ kind: 'missed' });
      this.#failures = 0;
    };
    source.onmessage = (message) => {
      const event = readChange(message.data);
      if (event !== null) this.#heard({ kind: 'change', event });
    };
    source.onerror = () => {
      source.close();
      this.#heard({ kind: 'connection', connection: 'down' });
      this.#timer = setTimeout(() => void this.#again(), pauseBefore(this.#failures));
      this.#failures += 1;
    };
  }

  async #again(): Promise<void> {
    await this.#renew();
    if (!this.#closed) this.#open();
  }
}

/** The event in a message's data, or null for what is none (a keep-alive, a newer server's kind). */
export function readChange(data: unknown): ChangeEvent | null {
  try {
    let value: unknown = typeof data === 'string' ? JSON.parse(data) : data;
    // @fastify/sse quotes string data once more.
    if (typeof value === 'string') value = JSON.parse(value);
    const event = value as ChangeEvent;
    return typeof event?.repository === 'number' && Array.isArray(event.pulls) ? event : null;
  } catch {
    return null;
  }
}
