/** Whether a workspace answers, and since when. Times are ISO 8601. */
export interface ConnectionFacts {
  state: 'ok' | 'unreachable';
  since: string;
  lastOkAt: string | null;
  lastError: string | null;
}

/** Port: remembers the state of each workspace's connection. */
export interface ConnectionStore {
  find(workspace: string): Promise<ConnectionFacts | null>;
  save(workspace: string, facts: ConnectionFacts): Promise<void>;
}
