import type { Act, Role } from '../identity/role.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { Run } from './ports.ts';
import type { CallAs } from './workspace-port.ts';

/** The role under which a run trains and is read. */
const roleOf = ({ trust }: Pick<Run, 'trust'>): Role => (trust === 'fork' ? 'fork' : 'trainer');

/** Who a run's calls are made as: with an act they change something. */
export const asRun = (repository: BoundRepository, run: Run, act?: Act): CallAs => ({
  repository,
  role: roleOf(run),
  ...(act && { act }),
});

/** The circumstances of what is done for a run. */
export function actOf(run: Run): Act {
  return {
    repository: run.repositoryId,
    ref: run.branch === null ? null : `refs/heads/${run.branch}`,
    commit: run.commit,
    pull: run.pulls[0]?.index ?? null,
    actor: run.actor ? `gitea:${run.actor.id}` : 'system',
    approval: run.trust === 'fork' && run.actor ? `fork approved by ${run.actor.name}` : null,
    run: run.id,
  };
}

/** The experiment of a run: forks have one of their own. */
export function experimentOf(repository: BoundRepository, run: Pick<Run, 'trust'>): string {
  const name = repository.binding.experiment.replaceAll('{repository_id}', String(repository.id));
  return run.trust === 'fork' ? `${name}-forks` : name;
}

/** Full name of the model that a run registers; forks register nothing. */
export function modelOf(repository: BoundRepository, run: Run): string | null {
  const key = run.trust === 'fork' ? null : run.configuration.model;
  return key === null ? null : (repository.binding.models[key]?.name ?? null);
}
