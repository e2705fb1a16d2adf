import type { Announcer } from '../events/announcer.ts';
import type { ConnectionFacts, ConnectionStore } from './ports.ts';

export interface ConnectionsOptions {
  store: ConnectionStore;
  announcer: Announcer;
  /** Repositories whose viewers are told when a workspace stops or begins to answer. */
  repositoriesOf: (workspace: string) => Promise<number[]>;
  log: { warn(fields: object, message: string): void };
  clock?: () => Date;
}

/** A good answer is written down at most this often, ms: "as of" needs no more. */
const noteEvery = 10_000;

/** Whether each workspace answers, learned from the calls that are made anyway. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #known = new Map<string, ConnectionFacts>();
  #writing: Promise<void> = Promise.resolve();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** For a workspace's HTTP client: told after each call. */
  observer(workspace: string): (answered: boolean, error?: string) => void {
    return (answered, error) => this.#observe(workspace, answered, error ?? null);
  }

  /** State as the panel shows it; `ok` while nothing was asked yet. */
  async state(
    workspace: string,
  ): Promise<{ state: 'ok' | 'unreachable'; since: string | null; asOf: string | null }> {
    const facts = this.#known.get(workspace) ?? (await this.#options.store.find(workspace));
    if (!facts) return { state: 'ok', since: null, asOf: null };
    return { state: facts.state, since: facts.since, asOf: facts.lastOkAt };
  }

  /** Resolves when everything learned is stored. */
  settled(): Promise<void> {
    return this.#writing;
  }

  #observe(workspace: string, answered: boolean, error: string | null): void {
    const now = (this.#options.clock?.() ?? new Date()).toISOString();
    const before = this.#known.get(workspace);
    const state = answered ? 'ok' : 'unreachable';
    const changed = before?.state !== state;
    const lastOkAt = answered ? now : (before?.lastOkAt ?? null);
    if (!changed && Date.parse(now) - Date.parse(before?.lastOkAt ?? before?.since ?? now) < noteEvery)
      return;
    const facts: ConnectionFacts = {
      state,
      since: changed ? now : (before?.since ?? now),
      lastOkAt,
      lastError: answered ? null : error,
    };
    this.#known.set(workspace, facts);
    this.#writing = this.#writing
      .then(() => this.#keep(workspace, facts, changed && before !== undefined))
      .catch((err: unknown) =>
        this.#options.log.warn({ err, workspace }, 'a connection state was not stored'),
      );
  }

  async #keep(workspace: string, facts: ConnectionFacts, tell: boolean): Promise<void> {
    await this.#options.store.save(workspace, facts);
    if (!tell) return;
    for (const repository of await this.#options.repositoriesOf(workspace)) {
      this.#options.announcer.announce({ repository, kind: 'connection', id: '', pulls: [] });
    }
  }
}
