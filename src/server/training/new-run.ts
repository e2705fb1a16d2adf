import type { Person } from '../../contract/person.ts';
import type { RunTrigger } from '../../contract/run.ts';
import type { Actor } from '../audit/entry.ts';
import { GiteaError } from '../gitea/error.ts';
import type { Forge } from '../gitea/forge.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { Also, RunJournal } from './journal.ts';
import type { ConfigurationRecord, Run, RunIdentity, RunStore, Trust } from './ports.ts';
import { parameterDigest, runToken, textDigest, treeDigest } from './run-key.ts';
import { snapshotLimits } from './snapshot.ts';

export type UsableConfiguration = Extract<ConfigurationRecord, { state: 'ok' }>;

export interface RunRequest {
  repository: BoundRepository;
  record: UsableConfiguration;
  commit: string;
  branch: string | null;
  pull: number | null;
  trust: Trust;
  trigger: RunTrigger;
  /** Who caused it, as the panel shows it. */
  person: Person | null;
  /** Who is recorded. */
  actor: Actor;
  parameters: Record<string, string | number | boolean>;
  /** A person asked for it: always a new attempt. Else an attempt that was not superseded is linked. */
  always: boolean;
  state: 'waiting' | 'queued';
  also?: Also;
}

/** The nonce of the run with this token: the same whenever it is asked for, and nobody else can tell it. */
export type NonceOf = (token: string) => string;

/** Creates runs: the one place where a run's key is made. */
export function createRunFactory(options: {
  forge: Forge;
  runs: RunStore;
  journal: RunJournal;
  nonceOf: NonceOf;
  clock: () => Date;
}) {
  const { forge, runs, journal, nonceOf, clock } = options;

  async function attemptOf(identity: RunIdentity, always: boolean): Promise<number> {
    const highest = await runs.highestAttempt(identity);
    if (highest === 0) return 1;
    if (always) return highest + 1;
    const newest = await runs.findByToken(runToken(identity, highest));
    return newest?.state === 'superseded' ? highest + 1 : highest;
  }

  return {
    /** sha-256 of the commit's files. */
    async filesOf(repository: BoundRepository, commit: string): Promise<string> {
      const known = await runs.treeOf(repository.id, commit);
      if (known !== null) return known;
      try {
        return treeDigest(await forge.files(repository, commit, snapshotLimits.files));
      } catch (error) {
        // More files than a snapshot may have: equal to no other commit; the run fails with words of its own.
        if (error instanceof GiteaError && error.status === 422)
          return textDigest(`too many files: ${commit}`);
        throw error;
      }
    },

    /** @throws GiteaError (temporary) while Gitea shows a head whose objects it does not have yet */
    async create(request: RunRequest): Promise<{ run: Run; isNew: boolean }> {
      const { repository, record, commit, parameters } = request;
      const facts = await forge.commit(repository, commit);
      if (!facts) throw new GiteaError(503, `Gitea does not have the commit ${commit.slice(0, 10)} yet.`);
      const digest = parameterDigest(parameters);
      const identity: RunIdentity = {
        repositoryId: repository.id,
        commit,
        configurationDigest: record.digest,
        parameterDigest: digest,
        trust: request.trust,
      };
      const attempt = await attemptOf(identity, request.always);
      const now = clock().toISOString();
      const token = runToken(identity, attempt);
      const { principals } = repository.binding;
      return await journal.create(
        repository,
        {
          ...identity,
          token,
          treeDigest: await this.filesOf(repository, commit),
          title: facts.title,
          branch: request.branch,
          trigger: request.trigger,
          attempt,
          state: request.state,
          stateReason: request.state === 'waiting' ? 'Waits for a writer to approve this commit.' : null,
          actor: request.person ?? facts.author,
          configuration: record.configuration,
          configurationCommit: record.commit,
          parameters,
          principal: request.trust === 'fork' ? principals.fork : principals.trainer,
          nonce: nonceOf(token),
          modelKey: request.trust === 'fork' ? null : record.configuration.model,
          createdAt: now,
          nextCheckAt: null,
        },
        request.pull,
        request.actor,
        request.also,
      );
    },
  };
}

export type RunFactory = ReturnType<typeof createRunFactory>;

/** Every declared parameter with its default. */
export function defaultParameters(record: UsableConfiguration): Record<string, string | number | boolean> {
  return Object.fromEntries(record.configuration.parameters.map(({ name, default: value }) => [name, value]));
}
