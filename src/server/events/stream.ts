import { Readable } from 'node:stream';
import type { ChangeEvent } from '../../contract/event.ts';
import type { EventHub } from './hub.ts';

/** How a stream of events behaves; times in milliseconds. */
export interface StreamOptions {
  heartbeatMs: number;
  /** How often the right to see each repository is checked again. */
  recheckMs: number;
  /** A reader who lets more than this pile up (bytes) is cut off; it reconnects and refetches. */
  bufferLimit: number;
}

/** What streams do unless a test says otherwise. */
export const defaultStreamOptions: StreamOptions = {
  heartbeatMs: 15_000,
  recheckMs: 30_000,
  bufferLimit: 64 * 1024,
};

/**
 * A server-sent event stream of the changes of some repositories (HTML, "Server-sent events").
 * It ends when nothing is left that the viewer may see.
 *
 * @param stillAllowed whether the viewer may (still) see a repository
 * @param lastId what the viewer heard last (`Last-Event-ID`): what came since is told first, or, where that is not
 *   known any more or too much, the event `missed`
 */
export function eventStream(
  hub: EventHub,
  repositories: readonly number[],
  stillAllowed: (repository: number) => Promise<boolean>,
  options: StreamOptions = defaultStreamOptions,
  lastId: string | null = null,
): Readable {
  const stream = new Readable({ read() {} });

  function write(text: string): void {
    if (stream.destroyed) return;
    if (stream.readableLength + text.length > options.bufferLimit) stream.destroy();
    else stream.push(text);
  }

  const textOf = (change: ChangeEvent) => `id: ${hub.idOf(change)}\ndata: ${JSON.stringify(change)}\n\n`;
  const send = (change: ChangeEvent) => write(textOf(change));
  const subscriptions = new Map(
    repositories.map((repository) => [repository, hub.listen(repository, send)] as const),
  );

  async function recheck(): Promise<void> {
    await Promise.all(
      [...subscriptions].map(async ([repository, stop]) => {
        if (await stillAllowed(repository)) return;
        stop();
        subscriptions.delete(repository);
      }),
    );
    if (subscriptions.size === 0) stream.push(null);
  }

  const timers = [
    setInterval(() => write(': still here\n\n'), options.heartbeatMs),
    setInterval(() => void recheck().catch(() => stream.destroy()), options.recheckMs),
  ];
  for (const timer of timers) timer.unref();
  const ended = hub.onEnd(() => stream.push(null));
  stream.once('close', () => {
    ended();
    for (const timer of timers) clearInterval(timer);
    for (const stop of subscriptions.values()) stop();
  });
  // Browsers wait this long (ms) before they reconnect; jitter keeps them from coming back all at once.
  write(`retry: ${2000 + Math.floor(Math.random() * 3000)}\n\n`);
  const since = lastId === null ? [] : hub.since(lastId);
  const missed = since
    ?.filter(({ repository }) => subscriptions.has(repository))
    .map(textOf)
    .join('');
  // Told at once, more than half of the cap would cut the viewer off, who would come back with the same id for ever.
  if (missed === undefined || missed.length > options.bufferLimit / 2) write('event: missed\ndata: {}\n\n');
  else if (missed !== '') write(missed);
  return stream;
}
