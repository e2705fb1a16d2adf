import type { Clock } from '../duty/clock.ts';
import { systemClock } from '../duty/clock.ts';
import { outsideLease } from '../duty/lease.ts';
import type { Transactor } from '../store/transactor.ts';
import type { Silence } from './circuit-breaker.ts';
import type { ConnectionFacts, ConnectionStore } from './ports.ts';

export interface ConnectionOptions {
  transactor: Transactor<{ connections: ConnectionStore }>;
  /** Told after the state of a workspace turned. */
  changed: (workspace: string) => void;
  /** Asked for a look when the store says "does not answer" and this process has not tried yet: after a restart. */
  look?: (workspace: string) => void;
  failed?: (error: unknown) => void;
  clock?: Clock;
}

/** How old "last answered" may get in the store, milliseconds: near enough to the truth, without a write per call. */
const staleMs = 15_000;

/**
 * What is known about each workspace's connection. It stands in the store, where all backends write it and read it
 * anew for each view, so that `since` (the first failure) and `lastOkAt` outlive a restart.
 */
export function createConnections(options: ConnectionOptions) {
  const { transactor, changed, look, failed = () => {}, clock = systemClock } = options;
  /** What this process heard: when the last answer came (ISO 8601), and the state that it wrote last. */
  const heard = new Map<
    string,
    { answer: string | null; wrote: ConnectionFacts['state'] | null; at: number }
  >();
  /** One write after the other: what was heard later counts. */
  let writing: Promise<void> = Promise.resolve();

  const of = (workspace: string) => heard.get(workspace) ?? { answer: null, wrote: null, at: 0 };

  async function save(workspace: string, facts: (before: ConnectionFacts | null) => ConnectionFacts) {
    const turned = await transactor.transaction(async ({ connections }) => {
      const before = await connections.find(workspace);
      const now = facts(before);
      await connections.save(workspace, now);
      return before !== null && before.state !== now.state;
    });
    if (turned) changed(workspace);
  }

  /** Under no lease: what was heard is true whoever watches by now, and a probe outlives the duty that began it. */
  function write(workspace: string, facts: (before: ConnectionFacts | null) => ConnectionFacts): void {
    writing = outsideLease(() =>
      writing
        .then(() => save(workspace, facts))
        .catch((error: unknown) => {
          heard.delete(workspace);
          failed(error);
        }),
    );
  }

  return {
    /** As all backends know it; null: it was never asked. */
    async current(workspace: string): Promise<ConnectionFacts | null> {
      // What was heard a moment ago counts.
      await writing;
      const facts = await transactor.stores.connections.find(workspace);
      if (facts?.state === 'unreachable' && of(workspace).wrote !== 'unreachable') look?.(workspace);
      return facts;
    },

    /** A call was answered. Never throws. */
    answered(workspace: string): void {
      const now = clock.now().toISOString();
      const at = clock.monotonic();
      const known = of(workspace);
      if (known.wrote === 'ok' && at - known.at < staleMs) {
        known.answer = now;
        return;
      }
      heard.set(workspace, { answer: now, wrote: 'ok', at });
      write(workspace, (before) => ({
        state: 'ok',
        since: before?.state === 'ok' ? before.since : now,
        lastOkAt: now,
        lastError: null,
      }));
    },

    /** It does not answer. Never throws. */
    silent(workspace: string, { since, reason }: Silence): void {
      const { answer, wrote } = of(workspace);
      if (wrote === 'unreachable') return;
      heard.set(workspace, { answer, wrote: 'unreachable', at: clock.monotonic() });
      write(workspace, (before) => ({
        state: 'unreachable',
        since: before?.state === 'unreachable' && before.since < since ? before.since : since,
        lastOkAt: latest(answer, before?.lastOkAt ?? null),
        lastError: reason,
      }));
    },

    /** Resolves when what was heard so far is written. */
    async settled(): Promise<void> {
      await writing;
    },
  };
}

export type Connections = ReturnType<typeof createConnections>;

/** ISO 8601 texts of UTC sort by time. */
function latest(one: string | null, other: string | null): string | null {
  return (one ?? '') > (other ?? '') ? one : other;
}
