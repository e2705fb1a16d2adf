import { GiteaError } from '../gitea/error.ts';
import { ProblemError } from '../http/problem.ts';
import type { Access, AccessCheck, Viewer } from './access.ts';
import type { BoundRepositories, BoundRepository } from './bound-repository.ts';
import { decideAccess } from './decide.ts';
import type { UserGitea } from './ports.ts';
import { asksForTeams } from './teams.ts';

/** An answer of Gitea serves this long; facts: at most 10 s. */
export const freshMs = 5_000;
const mostAnswers = 5_000;

/** The same words for what does not exist, is not bound, and may not be seen: nobody learns which (hazard 10). */
const noSuchRepository =
  'There is no such repository here: it does not exist, you may not see it, or no binding covers it.';

/** A bound repository that this user may not see: answered like one that does not exist, but recorded. */
export class HiddenRepository extends ProblemError {
  constructor() {
    super('not-found', noSuchRepository);
  }
}

function notFound(): ProblemError {
  return new ProblemError('not-found', noSuchRepository);
}

/** Asks Gitea, with the user's own token, what this user may do with this repository now. */
export function createAccessCheck(dependencies: {
  repositories: BoundRepositories;
  gitea: UserGitea;
  /** Milliseconds; does not jump: an old answer must not become new again. */
  now?: () => number;
}): AccessCheck {
  const { repositories, gitea, now = () => performance.now() } = dependencies;
  const answers = new Map<string, { at: number; answer: Promise<unknown> }>();

  async function ask(viewer: Viewer, repository: BoundRepository): Promise<Access> {
    const token = await viewer.giteaToken();
    const [seen, branch, groups] = await Promise.all([
      gitea.repository(token, repository.id),
      gitea.branch(token, repository.fullName, repository.productionBranch),
      asksForTeams(repository.binding) ? gitea.groups(token) : [],
    ]);
    if (!seen?.permissions.pull) throw new HiddenRepository();
    if (seen.fullName !== repository.fullName || seen.defaultBranch !== repository.defaultBranch) {
      // Renamed since: the branch was asked for under the old name or is another one now.
      const current = await repositories.see(seen);
      if (current === null) throw notFound();
      const again = await gitea.branch(token, current.fullName, current.productionBranch);
      return {
        user: viewer.user,
        repository: current,
        view: true,
        ...decideAccess(current, seen, again, groups),
      };
    }
    return { user: viewer.user, repository, view: true, ...decideAccess(repository, seen, branch, groups) };
  }

  /**
   * A repository that no binding covers is asked for all the same: else who is refused could tell by the time it
   * took, or by being signed out, which ones are bound.
   * Where this user may see it, it may be a new one, which the bot has not met yet.
   */
  async function askForUnknown(viewer: Viewer, repositoryId: number): Promise<Access> {
    const seen = await gitea.repository(await viewer.giteaToken(), repositoryId);
    const repository = seen?.permissions.pull ? await repositories.current(repositoryId) : null;
    if (repository === null) throw notFound();
    return await ask(viewer, repository);
  }

  /** 401: the grant was withdrawn; 403: Gitea lets this user do nothing any more (disabled account). */
  async function withValidToken<T>(viewer: Viewer, question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof GiteaError) || (error.status !== 401 && error.status !== 403)) throw error;
      await viewer.endSession();
      throw new ProblemError('signed-out', 'Gitea no longer accepts your sign-in here. Sign in again.', {
        cause: error,
      });
    }
  }

  function prune(): void {
    const limit = now() - freshMs;
    for (const [key, { at }] of answers) if (at < limit || answers.size > mostAnswers) answers.delete(key);
  }

  /** One answer of Gitea serves a session for a moment. */
  function fresh<T>(key: string, question: () => Promise<T>): Promise<T> {
    const known = answers.get(key);
    if (known && now() - known.at < freshMs) return known.answer as Promise<T>;
    if (answers.size > mostAnswers) prune();
    const answer = question();
    answers.set(key, { at: now(), answer });
    answer.catch(() => answers.delete(key));
    return answer;
  }

  return {
    check: (viewer, repositoryId) =>
      fresh(`${viewer.sessionKey} ${repositoryId}`, async () => {
        const repository = await repositories.find(repositoryId);
        return await withValidToken(viewer, () =>
          repository === null ? askForUnknown(viewer, repositoryId) : ask(viewer, repository),
        );
      }),
    confirm: (viewer) =>
      fresh(viewer.sessionKey, () =>
        withValidToken(viewer, async () => await gitea.self(await viewer.giteaToken())),
      ),
  };
}
