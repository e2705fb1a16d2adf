/**
 * What a delivery leads to. The delivery only says where to look: repository, branch, pull request and
 * configuration are read from Gitea here. Longer than most modules: each case is one short method of one room.
 */
import type { Actor } from '../audit/entry.ts';
import type { Forge, PullFacts } from '../gitea/forge.ts';
import type { BoundRepositories, BoundRepository } from '../permission/bound-repository.ts';
import type { Transactor } from '../store/transactor.ts';
import type { Configurations } from './configurations.ts';
import { decisiveRun } from './decisive-run.ts';
import type { Evaluation } from './evaluation.ts';
import type { RunJournal } from './journal.ts';
import type { RunFactory } from './new-run.ts';
import { defaultParameters } from './new-run.ts';
import { concernsTraining } from './paths.ts';
import type { ConfigurationRecord, Run, TrainingStores } from './ports.ts';
import { runsOfPull, supersede } from './supersede.ts';

export interface TriggerOptions {
  transactor: Transactor<TrainingStores>;
  repositories: BoundRepositories;
  forge: Forge;
  configurations: Configurations;
  factory: RunFactory;
  journal: RunJournal;
  evaluation: Evaluation;
  /** Wakes poller and outbox. */
  wake: () => void;
  pullUrl: (repository: BoundRepository, index: number) => string;
  repositoryUrl: (repository: BoundRepository) => string;
}

const absent = /^0*$/;

export class Triggers {
  readonly #options: TriggerOptions;

  constructor(options: TriggerOptions) {
    this.#options = options;
  }

  /** The repository as Gitea describes it now; null: not bound, or gone. */
  async repository(id: number): Promise<BoundRepository | null> {
    const { forge, repositories } = this.#options;
    const facts = await forge.repository(id);
    return facts && (await repositories.see(facts));
  }

  /**
   * A branch moved. Only the production branch trains, each commit that was pushed to it once.
   *
   * @param before zeros or empty: unknown, everything counts as changed
   */
  async branchMoved(
    repository: BoundRepository,
    { branch, before, after, actor }: { branch: string; before: string; after: string; actor: Actor },
  ): Promise<string> {
    const { forge, configurations, transactor, factory } = this.#options;
    const { runs } = transactor.stores;
    if (branch !== repository.productionBranch && branch !== repository.defaultBranch) {
      return `${branch} is not the production branch`;
    }
    const record = await configurations.read(repository);
    const changed = absent.test(before) ? null : await forge.changedPaths(repository, before, after);
    const reconfigured =
      branch === repository.defaultBranch && (changed?.includes(configurations.file) ?? true);
    if (reconfigured && record.state === 'ok') await this.#pullsWithoutRun(repository, actor);
    if (branch !== repository.productionBranch) return `${branch} is not the production branch`;
    const head = (await forge.branch(repository, branch))?.head;
    const line = head ? [head, ...(await forge.firstParents(repository, head, 50))] : [];
    if (!line.includes(after)) return `${after.slice(0, 10)} is not on ${branch} any more`;
    if (record.state !== 'ok') {
      await this.#tellConfiguration(repository, after, record);
      await this.#rememberHead(repository, after);
      return `the configuration is ${record.state}`;
    }

    const tree = await factory.filesOf(repository, after);
    // What has a run of its own is spoken for by that one. A reset to it changes no file and still concerns its run.
    const known = (await runs.ofCommit(repository.id, after)).some((run) => run.trust === 'base');
    const twins = (await runs.ofTree(repository.id, tree)).filter(
      (run) => run.trust === 'base' && run.configurationDigest === record.digest,
    );
    const twin = known ? null : decisiveRun(twins);
    if (twin && !hasFailed(twin)) {
      await this.#sameFiles(repository, after, tree, twin);
      return `${after.slice(0, 10)} has the files of run ${twin.number}`;
    }
    if (!known && !concernsTraining(record.configuration.paths, changed)) {
      await this.#nothingToTrain(repository, after);
      await this.#rememberHead(repository, after);
      return 'no changed file matches paths';
    }
    const { run, isNew } = await factory.create({
      repository,
      record,
      commit: after,
      branch,
      pull: null,
      trust: 'base',
      trigger: 'push',
      person: null,
      actor,
      parameters: defaultParameters(record),
      always: false,
      state: 'queued',
      also: async (stores) => await stores.memory.rememberHead(repository.id, after),
    });
    if (!isNew) await this.#rememberHead(repository, after);
    this.#options.wake();
    return isNew ? `run ${run.number}` : `run ${run.number} exists`;
  }

  /**
   * A pull request was opened, reopened or pushed to. A delivery and the reconciler may look at the same one at the same
   * time, each with the head that it read: neither ends a run of a newer head, and none of an older one is left behind.
   */
  async pullChanged(repository: BoundRepository, index: number, actor: Actor): Promise<string> {
    const { forge, configurations, transactor, journal } = this.#options;
    const runs = await runsOfPull(transactor.stores.runs, repository, index);
    const pull = await forge.pull(repository, index);
    if (!pull) return `there is no pull request ${index}`;
    if (pull.state !== 'open') return `pull request ${index} is ${pull.state}`;
    const head = pull.head.sha;
    const record = await configurations.read(repository);
    const reason = `A newer push to pull request ${index} replaced this commit by ${head.slice(0, 10)}.`;
    await supersede(journal, repository, { pull: index, runs, head, reason });
    if (record.state !== 'ok') {
      await this.#tellConfiguration(repository, head, record, pull);
      return `the configuration is ${record.state}`;
    }
    const paths = await forge.pullPaths(repository, index);
    if (!concernsTraining(record.configuration.paths, paths)) {
      await this.#nothingToTrain(repository, head, pull);
      return 'no changed file matches paths';
    }
    if (pull.fork && record.configuration.train.kind === 'job') {
      await this.#forkCannotTrain(repository, pull);
      return 'a fork cannot train with a job';
    }
    const { outcome, isNew } = await this.#trainHead(repository, pull, record, actor);
    if (!isNew) return outcome;
    // Whoever saw a newer head, or the end, before this run was there did not end it.
    const now = await forge.pull(repository, index);
    if (now?.state !== 'open') return await this.pullClosed(repository, index);
    return now.head.sha === head ? outcome : await this.pullChanged(repository, index, actor);
  }

  /** A pull request was closed. Merged: the registry decides about a release. Not merged: nothing is trained any more. */
  async pullClosed(repository: BoundRepository, index: number): Promise<string> {
    const { forge, transactor, journal } = this.#options;
    const runs = await runsOfPull(transactor.stores.runs, repository, index);
    const pull = await forge.pull(repository, index);
    if (!pull) return `there is no pull request ${index}`;
    if (pull.state === 'open') return `pull request ${index} is open again`;
    if (pull.state === 'closed') {
      const reason = `Pull request ${index} was closed without being merged.`;
      await supersede(journal, repository, { pull: index, runs, head: null, reason });
      return 'closed without being merged';
    }
    await transactor.transaction(async ({ outbox }) => {
      await outbox.enqueue({
        topic: 'promote',
        key: `promote:${repository.id}:${index}`,
        payload: {
          repository: repository.id,
          pull: index,
          mergedBy: pull.mergedBy,
          head: pull.head.sha,
          mergeCommit: pull.mergeCommit,
        },
      });
      await this.#report(outbox, repository, index);
    });
    this.#options.wake();
    return `merged into ${pull.base.branch}`;
  }

  async #trainHead(
    repository: BoundRepository,
    pull: PullFacts,
    record: Extract<ConfigurationRecord, { state: 'ok' }>,
    actor: Actor,
  ): Promise<{ outcome: string; isNew: boolean }> {
    const { factory, transactor, evaluation } = this.#options;
    const { run, isNew } = await factory.create({
      repository,
      record,
      commit: pull.head.sha,
      branch: pull.fork ? null : pull.head.branch,
      pull: pull.index,
      trust: pull.fork ? 'fork' : 'base',
      trigger: 'pull-request',
      person: pull.author,
      actor,
      parameters: defaultParameters(record),
      always: false,
      state: pull.fork ? 'waiting' : 'queued',
    });
    const link = run.pulls.find((item) => item.index === pull.index);
    if (!isNew && run.state === 'succeeded' && run.metrics && link?.verdict === null) {
      // It ended before this pull request was there: its frozen metrics are judged for this one, too.
      const verdict = await evaluation.ofPull(repository, run, run.metrics, pull.index);
      await transactor.transaction(async ({ runs, outbox }) => {
        await runs.setPullVerdict(run.id, pull.index, verdict);
        await this.#report(outbox, repository, pull.index);
      });
    }
    this.#options.wake();
    const waits = run.state === 'waiting' ? ', waits for approval' : '';
    return { outcome: `run ${run.number}${isNew ? '' : ' exists'}${waits}`, isNew };
  }

  /** Pull requests that could not be trained while the configuration was wrong. */
  async #pullsWithoutRun(repository: BoundRepository, actor: Actor): Promise<void> {
    const { forge, transactor } = this.#options;
    for (const pull of await forge.openPulls(repository)) {
      const runs = await transactor.stores.runs.ofPull(repository.id, pull.index, 50);
      if (!runs.some((run) => run.commit === pull.head.sha))
        await this.pullChanged(repository, pull.index, actor);
    }
  }

  /** Last of what is done about a push: what was cut off before is found again by the reconciler. */
  async #rememberHead({ id }: BoundRepository, head: string): Promise<void> {
    await this.#options.transactor.transaction(({ memory }) => memory.rememberHead(id, head));
  }

  /** A merge commit with a trained head's files is not trained again; its status follows that run's. */
  async #sameFiles(repository: BoundRepository, commit: string, tree: string, twin: Run): Promise<void> {
    const { journal, transactor } = this.#options;
    await transactor.transaction(async (stores) => {
      await stores.runs.rememberTree(repository.id, commit, tree);
      await stores.memory.rememberHead(repository.id, commit);
      await journal.tellCommit(stores, repository, commit, twin);
    });
    this.#options.wake();
  }

  async #nothingToTrain(repository: BoundRepository, commit: string, pull?: PullFacts): Promise<void> {
    await this.#tell(
      repository,
      commit,
      pull,
      'success',
      'Nothing to train: no changed file matches train.paths',
    );
  }

  async #forkCannotTrain(repository: BoundRepository, pull: PullFacts): Promise<void> {
    await this.#tell(
      repository,
      pull.head.sha,
      pull,
      'error',
      'Not trained: a job runs with the rights of this repository, and this is a fork',
    );
  }

  async #tellConfiguration(
    repository: BoundRepository,
    commit: string,
    record: ConfigurationRecord,
    pull?: PullFacts,
  ): Promise<void> {
    if (record.state === 'missing') {
      // A repository that was never set up stays silent; a pull request that adds the file is answered.
      if (pull) await this.#tell(repository, commit, pull, null, '');
      return;
    }
    if (record.state !== 'invalid') return;
    const [first] = record.problems;
    const where = first
      ? `${first.file}${first.line === null ? '' : `:${first.line}`}: ${first.message}`
      : '';
    await this.#tell(repository, commit, pull, 'error', `Configuration invalid: ${where}`);
  }

  async #tell(
    repository: BoundRepository,
    sha: string,
    pull: PullFacts | undefined,
    state: string | null,
    description: string,
  ): Promise<void> {
    const { transactor, pullUrl, repositoryUrl } = this.#options;
    await transactor.transaction(async ({ outbox }) => {
      if (state !== null) {
        await outbox.enqueue({
          topic: 'status',
          key: `status:${repository.id}:${sha}`,
          payload: {
            repository: repository.id,
            sha,
            state,
            description: description.length <= 140 ? description : `${description.slice(0, 139)}\u2026`,
            targetUrl: pull ? pullUrl(repository, pull.index) : repositoryUrl(repository),
          },
        });
      }
      if (pull) await this.#report(outbox, repository, pull.index);
    });
    this.#options.wake();
  }

  async #report(outbox: TrainingStores['outbox'], repository: BoundRepository, pull: number): Promise<void> {
    await outbox.enqueue({
      topic: 'report',
      key: `report:${repository.id}:${pull}`,
      payload: { repository: repository.id, pull },
    });
  }
}

const hasFailed = (run: Run) => ['failed', 'cancelled', 'superseded', 'timed-out'].includes(run.state);
