import picomatch from 'picomatch';
import type { GiteaRepository } from './bound-repository.ts';

/** One line of a binding's `repositories`. */
export interface RepositoryRule {
  /** The rule names one very repository by its id: `ml/wine#17`. */
  byId: boolean;
  covers(repository: Pick<GiteaRepository, 'id' | 'fullName'>): boolean;
}

/** @param text `owner/name`, which may be a glob, and the id that may follow it: `ml/wine#17` */
export function repositoryRule(text: string): RepositoryRule {
  const [, glob = text, given] = /^(.*)#(\d+)$/.exec(text) ?? [];
  const id = given === undefined ? null : Number(given);
  const matches = picomatch(glob, { nocase: true });
  return {
    byId: id !== null,
    covers: (repository) => matches(repository.fullName) && (id === null || id === repository.id),
  };
}
