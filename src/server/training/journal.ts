import type { RunState } from '../../contract/run.ts';
import type { Actor, AuditDraft } from '../audit/entry.ts';
import type { Announcer } from '../events/announcer.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import { statusOfRun } from '../report/status.ts';
import type { Transactor } from '../store/transactor.ts';
import { asCommitted } from './decisive-run.ts';
import type { NewRun, Run, TrainingStores } from './ports.ts';
import { assertTransition, isFinal } from './transitions.ts';

export type RunChange = Partial<Omit<Run, 'id' | 'version' | 'pulls' | 'repositoryId' | 'number' | 'token'>>;

/** Somebody else changed the run in between: read it again. */
export class RunChanged extends Error {}

/** States whose beginning is worth a new commit status. */
const told: ReadonlySet<RunState> = new Set<RunState>(['waiting', 'queued', 'running']);

export interface JournalOptions {
  transactor: Transactor<TrainingStores>;
  announcer: Announcer;
  /** Of the outbox, after a commit. */
  wake: () => void;
  /** Absolute address of a run in the panel. */
  runUrl: (repository: BoundRepository, runId: string) => string;
  clock: () => Date;
}

export interface Recording {
  /** What is appended to the audit log with the change. */
  audit?: Omit<AuditDraft, 'subject' | 'repository' | 'commit' | 'ref' | 'pull' | 'principal'> & {
    detail?: Record<string, unknown>;
  };
  /** More that must commit with it. */
  also?: (stores: TrainingStores, run: Run) => Promise<void>;
}

/**
 * Writes runs. A change, its audit entry and its outgoing status, report and cancellation commit in one
 * transaction; viewers are told after it. An illegal transition throws before anything is written.
 */
export class RunJournal {
  readonly #options: JournalOptions;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** @returns the run and whether it is new; an existing one with the same token is linked instead */
  async create(
    repository: BoundRepository,
    run: NewRun,
    pull: number | null,
    actor: Actor,
    also?: Recording['also'],
  ): Promise<{ run: Run; isNew: boolean }> {
    const result = await this.#options.transactor.transaction(async (stores) => {
      await stores.runs.rememberTree(repository.id, run.commit, run.treeDigest);
      const created = await stores.runs.create(run);
      const found = created ?? (await stores.runs.findByToken(run.token));
      if (!found) throw new Error('A run with this token vanished.');
      if (pull !== null) await stores.runs.linkPull(found.id, repository.id, pull);
      const linked = (await stores.runs.findById(found.id)) ?? found;
      if (created) {
        await stores.audit.append({
          action: 'run.created',
          outcome: 'done',
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
      await this.#tell(stores, repository, linked);
      return { run: linked, isNew: created !== null };
    });
    this.#after(result.run);
    return result;
  }

  /**
   * @returns the run as it is after the change
   * @throws RunChanged when it is not the run that was read any more
   */
  async change(
    repository: BoundRepository,
    run: Run,
    change: RunChange,
    recording: Recording = {},
  ): Promise<Run> {
    const { state } = change;
    const moves = state !== undefined && state !== run.state;
    if (moves) assertTransition(run.state, state);
    const ends = moves && isFinal(state);
    const now = this.#options.clock().toISOString();
    const full: RunChange = ends ? { ...change, endedAt: change.endedAt ?? now, nextCheckAt: null } : change;
    const changed = await this.#options.transactor.transaction(async (stores) => {
      if (!(await stores.runs.update(run.id, run.version, full))) throw new RunChanged(run.id);
      await recording.also?.(stores, run);
      const after = await stores.runs.findById(run.id);
      if (!after) throw new RunChanged(run.id);
      if (recording.audit) {
        const { audit } = recording;
        await stores.audit.append({ ...audit, ...this.#about(after), principal: after.principal });
      }
      if (moves && (ends || told.has(state))) await this.#tell(stores, repository, after);
      return after;
    });
    this.#after(changed);
    return changed;
  }

  /** Enqueues what this run says about a commit, its own or one with the same files. */
  async tellCommit(
    { outbox }: Pick<TrainingStores, 'outbox'>,
    repository: BoundRepository,
    sha: string,
    run: Run,
  ): Promise<void> {
    await outbox.enqueue({
      topic: 'status',
      key: `status:${run.repositoryId}:${sha}`,
      payload: {
        repository: run.repositoryId,
        sha,
        ...statusOfRun(run),
        targetUrl: this.#options.runUrl(repository, run.id),
      },
    });
  }

  /** Status of the commit (and of those with the same files), reports of its pull requests. */
  async #tell(stores: TrainingStores, repository: BoundRepository, run: Run): Promise<void> {
    // An experiment with other parameters says nothing about the commit: branch protection waits for this status.
    if (asCommitted(run.configuration, run.parameters)) {
      const twins =
        run.trust === 'base' ? await stores.runs.commitsWithoutRun(run.repositoryId, run.treeDigest) : [];
      for (const sha of [run.commit, ...twins]) await this.tellCommit(stores, repository, sha, run);
    }
    for (const { index } of run.pulls) {
      await stores.outbox.enqueue({
        topic: 'report',
        key: `report:${run.repositoryId}:${index}`,
        payload: { repository: run.repositoryId, pull: index },
      });
    }
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
