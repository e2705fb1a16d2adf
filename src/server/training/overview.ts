import type { RepositoryView } from '../../contract/repository.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { Configurations } from './configurations.ts';
import type { RunStore } from './ports.ts';
import { configurationView } from './views.ts';

/** What training tells about a repository at the head of its tab. */
export function createRepositoryOverview({
  configurations,
  runs,
}: {
  configurations: Configurations;
  runs: RunStore;
}) {
  return {
    async configuration(repository: BoundRepository): Promise<RepositoryView['configuration']> {
      return configurationView(repository, await configurations.known(repository));
    },
    async runCounts(repositoryId: number): Promise<Pick<RepositoryView['counts'], 'runs' | 'active'>> {
      return await runs.counts(repositoryId);
    },
  };
}
