/**
 * What people ask for. Longer than most modules: train, cancel and retry share their checks, and each refusal
 * says what to do.
 */
import type { Person } from '../../contract/person.ts';
import type { TrainRequest } from '../../contract/run.ts';
import { validateParameters } from '../config/validate-parameters.ts';
import type { Forge, PullFacts } from '../gitea/forge.ts';
import { ProblemError } from '../http/problem.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { Configurations } from './configurations.ts';
import type { RunJournal } from './journal.ts';
import { RunChanged } from './journal.ts';
import type { RunFactory, UsableConfiguration } from './new-run.ts';
import type { ConfigurationRecord, Run, RunStore, TrainingStores } from './ports.ts';
import { parameterDigest } from './run-key.ts';
import { endByPerson } from './supersede.ts';
import { isFinal } from './transitions.ts';

/** Where a person's request comes from. */
export interface RequestedBy {
  user: Person;
  requestId: string;
  /** More that must commit with what was asked for. */
  also?: AlsoCommitted;
}

export type AlsoCommitted = (stores: TrainingStores) => Promise<void>;

export interface ActionOptions {
  runs: RunStore;
  forge: Forge;
  configurations: Configurations;
  factory: RunFactory;
  journal: RunJournal;
  wake: () => void;
}

const actorOf = ({ user }: RequestedBy) => ({ kind: 'person', id: user.id, name: user.name }) as const;

function usable(record: ConfigurationRecord): UsableConfiguration {
  if (record.state === 'ok') return record;
  if (record.state === 'missing') {
    throw new ProblemError(
      'configuration-missing',
      'The default branch has no .gitea/databricks.yml. Add one.',
    );
  }
  throw new ProblemError(
    'configuration-invalid',
    '.gitea/databricks.yml of the default branch is invalid. Correct it there.',
    {
      errors: record.problems.map(({ file, line, path, message }) => ({
        path,
        message: `${file}${line === null ? '' : ` line ${line}`}: ${message}`,
      })),
    },
  );
}

/** An existing job runs with the rights of the repository, so a fork's code must never reach one (hazard 6). */
function forkMayTrain(record: UsableConfiguration): void {
  if (record.configuration.train.kind !== 'job') return;
  throw new ProblemError(
    'pull-not-trainable',
    'A fork cannot train with "job": a job runs with the rights of this repository. Push the branch to this repository to train it.',
  );
}

/** What people ask for: train, cancel, retry. Permission was checked before; the facts are checked here. */
export class RunActionsService {
  readonly #options: ActionOptions;

  constructor(options: ActionOptions) {
    this.#options = options;
  }

  /** Trains the head of a pull request (which approves a fork's commit) or of a branch. */
  async train(repository: BoundRepository, request: TrainRequest, by: RequestedBy): Promise<Run> {
    const { forge, configurations } = this.#options;
    if (request.pull !== undefined && request.branch !== undefined) {
      throw new ProblemError('bad-request', 'Name a pull request or a branch, not both.');
    }
    const record = usable(await configurations.read(repository));
    const checked = validateParameters(record.configuration.parameters, request.parameters ?? {});
    if ('problems' in checked) {
      throw new ProblemError(
        'parameter-invalid',
        'A parameter is not what the repository configuration allows.',
        {
          errors: checked.problems,
        },
      );
    }
    const parameters = checked.values;
    if (request.pull !== undefined) {
      const pull = await this.#openPull(repository, request.pull);
      if (pull.fork && request.commit === undefined) {
        throw new ProblemError(
          'bad-request',
          'An approval of a fork names the commit that was looked at: send "commit".',
        );
      }
      this.#sameHead(request, pull.head.sha);
      return await this.#trainPull(repository, record, pull, parameters, by);
    }
    const name = request.branch ?? repository.productionBranch;
    const branch = await forge.branch(repository, name);
    if (!branch) throw new ProblemError('not-found', `There is no branch ${name}.`);
    this.#sameHead(request, branch.head);
    return await this.#create(
      repository,
      record,
      branch.head,
      { branch: name, pull: null, fork: false },
      parameters,
      by,
    );
  }

  async cancel(repository: BoundRepository, run: Run, by: RequestedBy): Promise<Run> {
    if (isFinal(run.state)) {
      throw new ProblemError(
        'run-not-cancellable',
        `Run ${run.number} has ended already: it is ${run.state}.`,
      );
    }
    const reason = `Cancelled by ${by.user.name}.`;
    const ended = await endByPerson(this.#options.journal, repository, run, 'cancelled-by-person', {
      reason,
      actor: actorOf(by),
      ...(by.also && { also: by.also }),
    });
    if (ended) return ended;
    const now = await this.#options.runs.findById(run.id);
    if (!now) throw new RunChanged(run.id);
    // It ended by itself in the moment before: say how.
    return await this.cancel(repository, now, by);
  }

  /** The same commit with the same parameters once more, under the configuration of now. */
  async retry(repository: BoundRepository, run: Run, by: RequestedBy): Promise<Run> {
    const { configurations, forge } = this.#options;
    if (!isFinal(run.state)) {
      throw new ProblemError('run-not-retryable', `Run ${run.number} is still under way. Cancel it first.`);
    }
    const record = usable(await configurations.read(repository));
    const known = new Set(record.configuration.parameters.map((rule) => rule.name));
    const kept = Object.fromEntries(Object.entries(run.parameters).filter(([name]) => known.has(name)));
    const checked = validateParameters(record.configuration.parameters, kept);
    if ('problems' in checked) {
      throw new ProblemError('parameter-invalid', 'The parameters of this run are not allowed any more.', {
        errors: checked.problems,
      });
    }
    const index = run.pulls[0]?.index ?? null;
    if (run.trust === 'fork') {
      forkMayTrain(record);
      const pull = index === null ? null : await forge.pull(repository, index);
      if (pull?.state !== 'open' || pull.head.sha !== run.commit) {
        throw new ProblemError(
          'run-not-retryable',
          'The fork’s pull request has another head now. Look at it and approve it there.',
        );
      }
    }
    const source = { branch: run.branch, pull: index, fork: run.trust === 'fork' };
    return await this.#create(repository, record, run.commit, source, checked.values, by, 'retry');
  }

  async #openPull(repository: BoundRepository, index: number): Promise<PullFacts> {
    const pull = await this.#options.forge.pull(repository, index);
    if (!pull) throw new ProblemError('not-found', `There is no pull request ${index}.`);
    if (pull.state !== 'open') {
      throw new ProblemError(
        'pull-not-trainable',
        `Pull request ${index} is ${pull.state}. Reopen it first.`,
      );
    }
    return pull;
  }

  #sameHead(request: TrainRequest, head: string): void {
    if (request.commit === undefined || request.commit === head) return;
    throw new ProblemError(
      'pull-not-trainable',
      `The head is ${head.slice(0, 10)} now, not ${request.commit.slice(0, 10)}. Look at the new commit, then try again.`,
    );
  }

  async #trainPull(
    repository: BoundRepository,
    record: UsableConfiguration,
    pull: PullFacts,
    parameters: Run['parameters'],
    by: RequestedBy,
  ): Promise<Run> {
    const { runs } = this.#options;
    if (pull.fork) forkMayTrain(record);
    const commit = pull.head.sha;
    const all = await runs.ofPull(repository.id, pull.index, 50);
    const waiting = all.find((run) => run.commit === commit && run.state === 'waiting');
    if (waiting && waiting.parameterDigest === parameterDigest(parameters)) {
      return await this.#approve(repository, waiting, by);
    }
    if (waiting) {
      const reason = 'Approved with other parameters.';
      await endByPerson(this.#options.journal, repository, waiting, 'superseded', {
        reason,
        actor: actorOf(by),
      });
    }
    const source = { branch: pull.fork ? null : pull.head.branch, pull: pull.index, fork: pull.fork };
    return await this.#create(repository, record, commit, source, parameters, by);
  }

  /** The approval holds for this commit alone. */
  async #approve(repository: BoundRepository, run: Run, by: RequestedBy): Promise<Run> {
    const { journal, runs } = this.#options;
    const approved = await journal.insist(repository, run.id, 'approved', {
      actor: actorOf(by),
      change: { stateReason: null, actor: by.user },
      approval: `${by.user.name} approved ${run.commit}`,
      requestId: by.requestId,
      ...(by.also && { also: by.also }),
    });
    if (approved) return approved;
    // Somebody else was a moment earlier: what they decided stands.
    const now = await runs.findById(run.id);
    if (!now) throw new RunChanged(run.id);
    return now;
  }

  async #create(
    repository: BoundRepository,
    record: UsableConfiguration,
    commit: string,
    source: { branch: string | null; pull: number | null; fork: boolean },
    parameters: Run['parameters'],
    by: RequestedBy,
    trigger: 'manual' | 'retry' = 'manual',
  ): Promise<Run> {
    const { factory, wake, runs } = this.#options;
    const digest = parameterDigest(parameters);
    const active = (await runs.ofCommit(repository.id, commit)).find(
      (run) =>
        !isFinal(run.state) &&
        run.parameterDigest === digest &&
        run.configurationDigest === record.digest &&
        run.trust === (source.fork ? 'fork' : 'base'),
    );
    if (active) {
      throw new ProblemError(
        'run-in-progress',
        `Run ${active.number} trains this commit with these parameters already. Wait for it, or cancel it.`,
      );
    }
    const { run } = await factory.create({
      repository,
      record,
      commit,
      branch: source.branch,
      pull: source.pull,
      trust: source.fork ? 'fork' : 'base',
      trigger,
      person: by.user,
      actor: actorOf(by),
      parameters,
      always: true,
      state: 'queued',
      also: async (stores, created) => {
        const { audit } = stores;
        const about = {
          outcome: 'done',
          actor: actorOf(by),
          subject: `run ${created.number}`,
          repository: repository.id,
          commit,
          pull: source.pull,
          requestId: by.requestId,
        } as const;
        await audit.append({
          ...about,
          action: trigger === 'retry' ? 'run.retry-requested' : 'run.train-requested',
          detail: { parameters },
        });
        if (source.fork) {
          await audit.append({
            ...about,
            action: 'run.fork-approved',
            approval: `${by.user.name} approved ${commit}`,
          });
        }
        await by.also?.(stores);
      },
    });
    wake();
    return run;
  }
}
