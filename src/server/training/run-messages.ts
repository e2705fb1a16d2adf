import type { OutboxStore } from '../outbox/ports.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import { statusOfRun } from '../report/status.ts';
import { asCommitted, decisiveRun } from './decisive-run.ts';
import type { Run, TrainingStores } from './ports.ts';
import type { Sending } from './transitions.ts';

/** Absolute address of a run in the panel. */
export type RunUrl = (repository: BoundRepository, runId: string) => string;

/** Key of what a run sends to its workspace: one after the other. */
const runKey = ({ id }: Run): string => `run:${id}`;

/** What goes out about a run. Everything is enqueued in the transaction of what it tells. */
export class RunMessages {
  readonly #runUrl: RunUrl;

  constructor(runUrl: RunUrl) {
    this.#runUrl = runUrl;
  }

  async send(
    stores: TrainingStores,
    repository: BoundRepository,
    run: Run,
    sends: readonly Sending[],
  ): Promise<void> {
    for (const sending of sends) {
      if (sending === 'tell') await this.#tell(stores, repository, run);
      else await this.ask(stores.outbox, run, sending);
    }
  }

  /** What the outbox does for it in its workspace. */
  async ask(outbox: OutboxStore, run: Run, topic: Exclude<Sending, 'tell'>): Promise<void> {
    const payload = { repository: run.repositoryId, run: run.id };
    await outbox.enqueue({ topic, key: runKey(run), payload });
  }

  /** A run that ended is neither uploaded nor started any more. */
  async withdraw(outbox: OutboxStore, run: Run, at: Date): Promise<void> {
    await outbox.withdraw(runKey(run), ['upload', 'submit'], at.toISOString());
  }

  /** What this run says about a commit, its own or one with the same files. */
  async tellCommit(outbox: OutboxStore, repository: BoundRepository, sha: string, run: Run): Promise<void> {
    await outbox.enqueue({
      topic: 'status',
      key: `status:${run.repositoryId}:${sha}`,
      payload: {
        repository: run.repositoryId,
        sha,
        ...statusOfRun(run),
        targetUrl: this.#runUrl(repository, run.id),
      },
    });
  }

  /** Status of the commit (and of those with the same files), reports of its pull requests. */
  async #tell({ runs, outbox }: TrainingStores, repository: BoundRepository, run: Run): Promise<void> {
    // An experiment with other parameters says nothing about the commit: branch protection waits for this status.
    if (asCommitted(run.configuration, run.parameters)) {
      const { repositoryId, commit, treeDigest } = run;
      // A retry that failed or was cancelled leaves the word to the success before it, as in the comment.
      const speaker = ofTrust(run, await runs.ofCommit(repositoryId, commit));
      await this.tellCommit(outbox, repository, commit, speaker);
      const twins = run.trust === 'base' ? await runs.commitsWithoutRun(repositoryId, treeDigest) : [];
      if (twins.length > 0) {
        const ofFiles = ofTrust(run, await runs.ofTree(repositoryId, treeDigest));
        for (const sha of twins) await this.tellCommit(outbox, repository, sha, ofFiles);
      }
    }
    for (const { index } of run.pulls) {
      await outbox.enqueue({
        topic: 'report',
        key: `report:${run.repositoryId}:${index}`,
        payload: { repository: run.repositoryId, pull: index },
      });
    }
  }
}

/** Of those that may do as much as this run the one that speaks. */
function ofTrust(run: Run, all: readonly Run[]): Run {
  return decisiveRun(all.filter(({ trust }) => trust === run.trust)) ?? run;
}
