/**
 * Writes runs. Longer than most modules: creating, moving and noting share what must commit with each of them.
 */
import type { Actor } from '../audit/entry.ts';
import { reached } from '../duty/moments.ts';
import type { Announcer } from '../events/announcer.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { Transactor } from '../store/transactor.ts';
import type { Facts } from './guards.ts';
import type { RemoteTimes } from './move.ts';
import { Move, objection } from './move.ts';
import type { NewRun, Run, RunChange, TrainingStores } from './ports.ts';
import type { RunUrl } from './run-messages.ts';
import { RunMessages } from './run-messages.ts';
import type { broughtBy, RunEvent } from './transitions.ts';
import { births, mayGoOn } from './transitions.ts';

/** Somebody else changed the run in between: read it again. */
export class RunChanged extends Error {}

export interface JournalOptions {
  transactor: Transactor<TrainingStores>;
  announcer: Announcer;
  /** After a commit: the outbox and the watcher may have something to do. */
  wake: () => void;
  runUrl: RunUrl;
  clock: () => Date;
}

/** More that must commit with what is written. */
export type Also = (stores: TrainingStores, run: Run) => Promise<void>;

/** What is known about an event, and what is written with it. */
export interface Happening extends RemoteTimes {
  /** Training itself when left out. */
  actor?: Actor;
  change?: RunChange;
  /** The pull request that does not need the run any more. */
  pull?: number;
  /** That nothing can go on at Databricks, against what the run says: the only start of it was refused. */
  nothingStarted?: boolean;
  /** Of the audit entry. */
  detail?: Record<string, unknown>;
  approval?: string;
  requestId?: string;
  also?: Also;
}

/** What may be noted without an event; the id of a run that was started after it had ended here is. */
export type NotedChange = Omit<RunChange, Exclude<keyof typeof broughtBy, 'databricksRunId'>>;

const training = { kind: 'system', name: 'training' } as const;

/**
 * What happens to a run is told as an event; state, audit entry and outgoing messages follow from the table of
 * transitions and commit in one transaction. Viewers are told after it.
 */
export class RunJournal {
  readonly #options: JournalOptions;
  readonly #messages: RunMessages;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#messages = new RunMessages(options.runUrl);
  }

  /** @returns the run and whether it is new; an existing one with the same token is linked instead */
  async create(
    repository: BoundRepository,
    run: NewRun,
    pull: number | null,
    actor: Actor,
    also?: Also,
  ): Promise<{ run: Run; isNew: boolean }> {
    const birth = births[run.state];
    const result = await this.#options.transactor.transaction(async (stores) => {
      await stores.runs.rememberTree(repository.id, run.commit, run.treeDigest);
      const created = await stores.runs.create(run);
      const found = created ?? (await stores.runs.findByToken(run.token));
      if (!found) throw new Error('A run with this token vanished.');
      if (pull !== null) await stores.runs.linkPull(found.id, repository.id, pull);
      const linked = (await stores.runs.findById(found.id)) ?? found;
      if (created) {
        await stores.audit.append({
          action: birth.audit,
          outcome: birth.outcome,
          actor,
          ...this.#about(linked),
          pull,
          detail: {
            number: linked.number,
            trigger: linked.trigger,
            trust: linked.trust,
            attempt: linked.attempt,
            configuration: linked.configurationCommit,
            parameters: linked.parameters,
          },
        });
        await also?.(stores, linked);
      }
      await this.#messages.send(stores, repository, linked, created ? birth.sends : ['tell']);
      if (created) reached('run.creating');
      return { run: linked, isNew: created !== null };
    });
    if (result.isNew) reached('run.created');
    this.#after(result.run);
    return result;
  }

  /**
   * Something happened to the run as it was read.
   *
   * @returns the run as it is after it
   * @throws RunChanged when it is not the run that was read any more
   * @throws IllegalTransition when the table does not allow it; nothing is written
   */
  async record(
    repository: BoundRepository,
    run: Run,
    event: RunEvent,
    happening: Happening = {},
  ): Promise<Run> {
    const { change = {}, actor = training, detail, approval, requestId, also } = happening;
    const move = Move.of(run, event, this.#facts(happening), happening);
    const moved = await this.#options.transactor.transaction(async (stores) => {
      if (!(await stores.runs.move(run.id, run.version, move, change))) throw new RunChanged(run.id);
      await also?.(stores, run);
      const after = await stores.runs.findById(run.id);
      if (!after) throw new RunChanged(run.id);
      await stores.audit.append({
        action: move.audit.audit,
        outcome: move.audit.outcome,
        actor,
        ...this.#about(after),
        ...(approval !== undefined && { approval }),
        ...(requestId !== undefined && { requestId }),
        detail: { event, state: move.to, ...detail },
      });
      if (move.fields.endedAt !== undefined) {
        await this.#messages.withdraw(stores.outbox, run, this.#options.clock());
      }
      const goesOn = mayGoOn(run) && happening.nothingStarted !== true;
      const sends = move.sends.filter((sending) => sending !== 'cancel' || goesOn);
      await this.#messages.send(stores, repository, after, sends);
      reached('run.changing');
      return after;
    });
    reached('run.changed');
    this.#after(moved);
    return moved;
  }

  /**
   * Something happened, whatever else changed in the run meanwhile: it is read again until it can be written.
   *
   * @returns the run as it is after it; null when it cannot happen (any more)
   */
  async insist(
    repository: BoundRepository,
    runId: string,
    event: RunEvent,
    happening: Happening | ((run: Run) => Happening) = {},
  ): Promise<Run | null> {
    for (;;) {
      const run = await this.#options.transactor.stores.runs.findById(runId);
      if (!run) return null;
      const told = typeof happening === 'function' ? happening(run) : happening;
      if (objection(run, event, this.#facts(told)) !== null) return null;
      try {
        return await this.record(repository, run, event, told);
      } catch (error) {
        if (!(error instanceof RunChanged)) throw error;
      }
    }
  }

  /**
   * Writes what became known and is no transition; viewers are told.
   *
   * @throws RunChanged when it is not the run that was read any more
   */
  async note(run: Run, change: NotedChange, also?: Also): Promise<Run> {
    const noted = await this.#options.transactor.transaction(async (stores) => {
      if (!(await stores.runs.update(run.id, run.version, change))) throw new RunChanged(run.id);
      await also?.(stores, run);
      const after = await stores.runs.findById(run.id);
      if (!after) throw new RunChanged(run.id);
      return after;
    });
    this.#after(noted);
    return noted;
  }

  /** Only when to look again, and how often looking failed: nobody is told. A run that changed meanwhile stays as it is. */
  async rest(run: Run, change: Pick<RunChange, 'nextCheckAt' | 'failures'>): Promise<void> {
    await this.#options.transactor.transaction(
      async ({ runs }) => void (await runs.update(run.id, run.version, change)),
    );
  }

  /** The outbox takes care of a run that was begun before it did so: by an earlier version, whose watcher did. */
  async handOver(run: Run): Promise<void> {
    await this.#options.transactor.transaction(async ({ runs, outbox }) => {
      // Counted as a failure: it may have been started, and is looked for first.
      const change = { nextCheckAt: null, failures: run.failures + 1 };
      if (!(await runs.update(run.id, run.version, change))) return;
      await this.#messages.ask(outbox, run, run.snapshot === null ? 'upload' : 'submit');
    });
    this.#options.wake();
  }

  /** Enqueues what ends at Databricks a run that has ended here. */
  async cancelRemote({ outbox }: Pick<TrainingStores, 'outbox'>, run: Run): Promise<void> {
    await this.#messages.ask(outbox, run, 'cancel');
  }

  /** Enqueues what this run says about a commit, its own or one with the same files. */
  async tellCommit(
    { outbox }: Pick<TrainingStores, 'outbox'>,
    repository: BoundRepository,
    sha: string,
    run: Run,
  ): Promise<void> {
    await this.#messages.tellCommit(outbox, repository, sha, run);
  }

  #facts({ change = {}, actor = training, pull }: Happening): Facts {
    return { change, actor, at: this.#options.clock(), ...(pull !== undefined && { pull }) };
  }

  #about(run: Run) {
    return {
      subject: `run ${run.number}`,
      repository: run.repositoryId,
      ref: run.branch === null ? null : `refs/heads/${run.branch}`,
      commit: run.commit,
      pull: run.pulls[0]?.index ?? null,
      principal: run.principal,
    };
  }

  #after(run: Run): void {
    this.#options.wake();
    this.#options.announcer.announce({
      repository: run.repositoryId,
      kind: 'run',
      id: run.id,
      pulls: run.pulls.map((pull) => pull.index),
    });
  }
}
