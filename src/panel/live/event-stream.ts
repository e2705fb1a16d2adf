import type { ChangeEvent } from '../../contract/event.ts';

/** What a stream tells those who share it. */
export type StreamMessage =
  | { kind: 'change'; event: ChangeEvent }
  | { kind: 'missed' }
  | { kind: 'connection'; connection: 'connecting' | 'open' | 'down' };

/** Pause before attempt `n` (from 0), in ms: from 1 s doubling to 60 s, with jitter, so that viewers do not return at once. */
export function pauseBefore(n: number, random: () => number = Math.random): number {
  return Math.min(60_000, 1_000 * 2 ** n) * (0.5 + random() / 2);
}

/**
 * An EventSource that comes back by itself; gives the function that ends it. The browser's own reconnect has a
 * fixed pause and gives up on an HTTP error, so each failure closes it and a new one is opened later. After an
 * interruption `missed` is told, since events are not kept.
 *
 * @param renew called after a failure: the session may have ended, which EventSource does not tell
 */
export function openStream(
  url: string,
  heard: (message: StreamMessage) => void,
  renew: () => Promise<unknown>,
): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let closed = false;
  const open = () => {
    if (closed) return;
    source = new EventSource(url, { withCredentials: true });
    source.onopen = () => {
      heard({ kind: 'connection', connection: 'open' });
      if (failures > 0) heard({ kind: 'missed' });
      failures = 0;
    };
    source.onmessage = ({ data }) => {
      const event = readChange(data);
      if (event !== null) heard({ kind: 'change', event });
    };
    source.onerror = () => {
      source.close();
      heard({ kind: 'connection', connection: 'down' });
      timer = setTimeout(() => void renew().then(open), pauseBefore(failures));
      failures += 1;
    };
  };
  open();
  return () => {
    closed = true;
    clearTimeout(timer);
    source.close();
  };
}

/** The event in a message's data, or null for what is none (a keep-alive, a newer server's kind). */
export function readChange(data: string): ChangeEvent | null {
  try {
    const event = JSON.parse(data) as ChangeEvent | null;
    return typeof event?.repository === 'number' && Array.isArray(event.pulls) ? event : null;
  } catch {
    return null;
  }
}
