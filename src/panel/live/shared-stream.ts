import type { StreamMessage } from './event-stream.ts';

export interface SharedStreamOptions {
  /** Tabs with the same key share one stream. */
  key: string;
  /** The repository that this tab wants to hear about. */
  repository: number;
  open(repositories: readonly number[], heard: (message: StreamMessage) => void): { close(): void };
  heard(message: StreamMessage): void;
  signal: AbortSignal;
}

/** Between tabs: what the stream told, who leads, and what followers want. */
type Memo =
  | { kind: 'told'; message: StreamMessage }
  | { kind: 'leader' }
  | { kind: 'wanted'; repository: number };

/**
 * One stream per browser: browsers allow six connections to a host over HTTP/1.1, which a few tabs would use
 * up. The tab that gets the Web Lock opens the stream for all and tells the others by BroadcastChannel; when it
 * goes, the lock passes on. Where either is missing every tab has a stream of its own.
 */
export function shareStream({ key, repository, open, heard, signal }: SharedStreamOptions): void {
  if (typeof BroadcastChannel === 'undefined' || !('locks' in navigator)) {
    const own = open([repository], heard);
    signal.addEventListener('abort', () => own.close());
    return;
  }
  const channel = new BroadcastChannel(key);
  const send = (memo: Memo) => channel.postMessage(memo);
  let leading: Leader | null = null;
  let followed = false;

  channel.onmessage = ({ data }: MessageEvent<Memo>) => {
    if (data.kind === 'wanted') {
      leading?.add(data.repository);
      return;
    }
    if (data.kind === 'told') heard(data.message);
    else {
      send({ kind: 'wanted', repository });
      // Between the former leader and this one nobody listened.
      if (followed) heard({ kind: 'missed' });
    }
    followed = true;
  };
  send({ kind: 'wanted', repository });

  const lead = () =>
    new Promise<void>((release) => {
      const leader = new Leader(open, (message) => {
        heard(message);
        send({ kind: 'told', message });
      });
      leading = leader;
      leader.add(repository);
      send({ kind: 'leader' });
      if (followed) heard({ kind: 'missed' });
      signal.addEventListener('abort', () => {
        leader.close();
        release();
      });
    });
  navigator.locks.request(key, { signal }, lead).catch(() => {
    // The signal aborted while this tab waited for the lock: nothing was opened.
  });
  signal.addEventListener('abort', () => channel.close());
}

/** Holds the stream for all tabs and opens it anew when one wants another repository. */
class Leader {
  readonly #tell: (message: StreamMessage) => void;
  readonly #open: SharedStreamOptions['open'];
  readonly #wanted = new Set<number>();
  #last: StreamMessage = { kind: 'connection', connection: 'connecting' };
  #stream: { close(): void } | null = null;

  constructor(open: SharedStreamOptions['open'], tell: (message: StreamMessage) => void) {
    this.#open = open;
    this.#tell = tell;
  }

  add(repository: number): void {
    if (this.#wanted.has(repository)) {
      // A new tab learns how the stream stands.
      this.#tell(this.#last);
      return;
    }
    this.#wanted.add(repository);
    const reopened = this.#stream !== null;
    this.#stream?.close();
    this.#stream = this.#open(
      [...this.#wanted].sort((a, b) => a - b),
      (message) => {
        if (message.kind === 'connection') this.#last = message;
        this.#tell(message);
      },
    );
    if (reopened) this.#tell({ kind: 'missed' });
  }

  close(): void {
    this.#stream?.close();
  }
}
