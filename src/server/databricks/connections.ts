import type { ConnectionFacts, ConnectionStore } from './ports.ts';

/**
 * Keeps what is known about each workspace's connection: written when it changes, and now and then while all
 * is well, so that "as of" stays near the truth without a write per call.
 *
 * @param onChange told after the state of a workspace turned
 */
export function createConnections(
  store: ConnectionStore,
  onChange: (workspace: string) => void,
  clock: () => Date = () => new Date(),
) {
  const known = new Map<string, ConnectionFacts>();
  /** How old "last answered" may get, milliseconds. */
  const staleMs = 15_000;

  async function current(workspace: string): Promise<ConnectionFacts | null> {
    const facts = known.get(workspace) ?? (await store.find(workspace));
    if (facts) known.set(workspace, facts);
    return facts;
  }

  return {
    current,
    /** The result of one call; never throws. */
    note(workspace: string, answered: boolean, error?: string): void {
      const now = clock().toISOString();
      const before = known.get(workspace);
      const state = answered ? 'ok' : 'unreachable';
      const turned = before?.state !== state;
      const stale = !before?.lastOkAt || Date.parse(now) - Date.parse(before.lastOkAt) > staleMs;
      if (!turned && !(answered && stale)) return;
      const facts: ConnectionFacts = {
        state,
        since: turned ? now : (before?.since ?? now),
        lastOkAt: answered ? now : (before?.lastOkAt ?? null),
        lastError: answered ? null : (error ?? null),
      };
      known.set(workspace, facts);
      void store.save(workspace, facts).catch(() => known.delete(workspace));
      if (turned && before) onChange(workspace);
    },
  };
}

export type Connections = ReturnType<typeof createConnections>;
