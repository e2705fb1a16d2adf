import type { StreamMessage } from './event-stream.ts';

type Heard = (message: StreamMessage) => void;

export interface SharedStreamOptions {
  /** Tabs with the same key share one stream. */
  key: string;
  /** The repository that this tab wants to hear about. */
  repository: number;
  /** Opens a stream and gives the function that ends it. */
  open(repositories: readonly number[], heard: Heard): () => void;
  heard: Heard;
  signal: AbortSignal;
}

/** Between tabs: what the stream told, that another tab leads now, and which repository a tab wants. */
type Memo = { told: StreamMessage } | { leads: true } | { wants: number };

/**
 * One stream per browser: browsers allow six connections to a host over HTTP/1.1, which a few tabs would use
 * up. The tab that gets the Web Lock opens the stream for all and tells the others by BroadcastChannel; when it
 * goes, the lock passes on. Where either is missing every tab has a stream of its own.
 */
export function shareStream({ key, repository, open, heard, signal }: SharedStreamOptions): void {
  const locks = navigator.locks as LockManager | undefined;
  if (typeof BroadcastChannel === 'undefined' || !locks) {
    signal.addEventListener('abort', open([repository], heard));
    return;
  }
  const channel = new BroadcastChannel(key);
  const send = (memo: Memo) => channel.postMessage(memo);
  let add: ((wanted: number) => void) | undefined;
  let followed = false;

  channel.onmessage = ({ data }: MessageEvent<Memo>) => {
    if ('wants' in data) {
      add?.(data.wants);
      return;
    }
    if ('told' in data) heard(data.told);
    else {
      send({ wants: repository });
      // Between the former leader and this one nobody listened.
      if (followed) heard({ kind: 'missed' });
    }
    followed = true;
  };
  send({ wants: repository });

  const lead = () =>
    new Promise<void>((release) => {
      const leader = leadStream(open, (message) => {
        heard(message);
        send({ told: message });
      });
      add = leader.add;
      add(repository);
      send({ leads: true });
      if (followed) heard({ kind: 'missed' });
      signal.addEventListener('abort', () => {
        leader.close();
        release();
      });
    });
  locks.request(key, { signal }, lead).catch(() => {
    // The signal aborted while this tab waited for the lock: nothing was opened.
  });
  signal.addEventListener('abort', () => channel.close());
}

/** Holds the stream for all tabs and opens it anew when one wants another repository. */
function leadStream(open: SharedStreamOptions['open'], tell: Heard) {
  const wanted = new Set<number>();
  let last: StreamMessage = { kind: 'connection', connection: 'connecting' };
  let close: (() => void) | undefined;
  const hear: Heard = (message) => {
    if (message.kind === 'connection') last = message;
    tell(message);
  };
  return {
    add(repository: number) {
      // A new tab learns how the stream stands.
      if (wanted.has(repository)) return tell(last);
      wanted.add(repository);
      close?.();
      const reopened = close !== undefined;
      close = open([...wanted], hear);
      if (reopened) tell({ kind: 'missed' });
    },
    close: () => close?.(),
  };
}
