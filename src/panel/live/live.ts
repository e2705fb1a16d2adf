import { signal } from '@preact/signals';
import { apiPath } from '../../contract/address.ts';
import type { ChangeEvent } from '../../contract/event.ts';
import type { SignIn } from '../api/sign-in.ts';
import type { PageContext } from '../page/context.ts';
import { openStream } from './event-stream.ts';
import { shareStream } from './shared-stream.ts';

/** What a listener is told: a change, or that changes may have been missed. */
export type Change = ChangeEvent | 'missed';

/** The slice of the stream's state that pages show. */
export type Connection = 'connecting' | 'open' | 'down';

/**
 * Changes of this repository as they happen. Starts with the first listener, and not while the backend refuses this
 * page, since a stream would be refused again and again. One tab of the browser holds the stream for all
 * (`shared-stream.ts`). Events say what changed only: listeners fetch it again.
 */
export class Live {
  /** `down`: nothing is heard; what the page shows is as of its last answer. */
  readonly connection = signal<Connection>('connecting');
  readonly #page: PageContext;
  readonly #signIn: Pick<SignIn, 'silently'>;
  readonly #signal: AbortSignal;
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #ready: Promise<void> | undefined;
  #started = false;

  /** @param ready when the stream may be opened; at once where it is absent */
  constructor(
    page: PageContext,
    signIn: Pick<SignIn, 'silently'>,
    signal: AbortSignal,
    ready?: Promise<void>,
  ) {
    this.#page = page;
    this.#signIn = signIn;
    this.#signal = signal;
    this.#ready = ready;
  }

  /** Calls back on each change that `matters`, and when changes may have been missed. */
  listen(matters: (event: ChangeEvent) => boolean, changed: () => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    const listener = (change: Change) => {
      if (change === 'missed' || matters(change)) changed();
    };
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener));
    this.#start();
  }

  #start(): void {
    if (this.#started || this.#page.user === null || typeof EventSource === 'undefined') return;
    this.#started = true;
    if (this.#ready === undefined) this.#open();
    else void this.#ready.then(() => this.#open());
  }

  #open(): void {
    if (this.#signal.aborted) return;
    let first = true;
    const repository = this.#page.repository.id;
    const url = `${this.#page.base}${apiPath}/events`;
    shareStream({
      // A stream carries one user's changes: tabs of two users never share it.
      key: `databricks-events:${url}:${this.#page.user}`,
      repository,
      open: (repositories, heard) =>
        openStream(`${url}?repositories=${repositories.join(',')}&user=${this.#page.user}`, heard, () =>
          this.#signIn.silently(),
        ),
      heard: (message) => {
        if (message.kind === 'connection') {
          this.connection.value = message.connection;
          // What changed between the answer and the stream's beginning was told to nobody.
          if (message.connection === 'open' && first && this.#ready !== undefined) {
            first = false;
            this.#tell('missed');
          }
        } else if (message.kind === 'missed') this.#tell('missed');
        else if (message.event.repository === repository) this.#tell(message.event);
      },
      signal: this.#signal,
    });
  }

  #tell(change: Change): void {
    for (const listener of [...this.#listeners]) listener(change);
  }
}
