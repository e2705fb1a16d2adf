import { answered, orNothing } from '../setup/api-error.ts';
import type { GiteaClient } from '../setup/gitea-client.ts';
import { repositoryPath } from '../setup/gitea-client.ts';

export interface PullRequest {
  number: number;
  state: 'open' | 'closed';
  merged: boolean;
  head: { ref: string; sha: string };
}

/** The pull request from a branch, whatever its state. */
export async function findPull(gitea: GiteaClient, repository: string, branch: string) {
  const pulls = await gitea
    .get(repositoryPath(repository, 'pulls'), { searchParams: { state: 'all', limit: 50 } })
    .json<PullRequest[]>();
  return pulls.find((pull) => pull.head.ref === branch);
}

export async function openPull(
  gitea: GiteaClient,
  repository: string,
  { branch, base, title, body }: { branch: string; base: string; title: string; body: string },
): Promise<PullRequest> {
  return (
    (await findPull(gitea, repository, branch)) ??
    (await gitea
      .post(repositoryPath(repository, 'pulls'), { json: { head: branch, base, title, body } })
      .json<PullRequest>())
  );
}

/** Approves the pull request's head; once for each head. */
export async function approvePull(
  gitea: GiteaClient,
  repository: string,
  by: string,
  pull: PullRequest,
  body: string,
) {
  const path = repositoryPath(repository, 'pulls', pull.number, 'reviews');
  const reviews = await gitea
    .get(path)
    .json<{ state: string; stale: boolean; dismissed: boolean; user: { login: string } | null }[]>();
  const given = reviews.some(
    ({ state, stale, dismissed, user }) => state === 'APPROVED' && !stale && !dismissed && user?.login === by,
  );
  if (!given) await gitea.post(path, { json: { event: 'APPROVED', body, commit_id: pull.head.sha } });
}

/**
 * Merges. Gitea may still be working out whether it can, and says 405 then.
 * @returns true when merged, undefined when it should be tried again, a sentence when it was refused for good
 */
export async function mergePull(gitea: GiteaClient, repository: string, pull: PullRequest) {
  try {
    await gitea.post(repositoryPath(repository, 'pulls', pull.number, 'merge'), {
      json: { Do: 'merge', head_commit_id: pull.head.sha },
    });
    return true;
  } catch (error) {
    if (!answered(error, 403, 405, 409)) throw error;
    const said = String((error.data as { message?: string } | undefined)?.message ?? '');
    if (error.response.status === 405 && /try again|checking/i.test(said)) return undefined;
    return said || `Gitea answered ${error.response.status}`;
  }
}

/** Says something and closes, as one does. */
export async function closePull(gitea: GiteaClient, repository: string, pull: PullRequest, comment: string) {
  const comments = repositoryPath(repository, 'issues', pull.number, 'comments');
  const present = await gitea.get(comments).json<{ body: string }[]>();
  if (!present.some(({ body }) => body.trim() === comment.trim()))
    await gitea.post(comments, { json: { body: comment } });
  if (pull.state === 'open') {
    await gitea.patch(repositoryPath(repository, 'pulls', pull.number), { json: { state: 'closed' } });
  }
}

export interface CommitStatus {
  state: string;
  description: string;
}

/** The newest status of a context on a commit. */
export async function commitStatus(
  gitea: GiteaClient,
  repository: string,
  sha: string,
  context: string,
): Promise<CommitStatus | undefined> {
  // Not the combined status, which Gitea 1.22.0 answers with 500; and its orders are not what their names say.
  const statuses = await orNothing(
    gitea
      .get(repositoryPath(repository, 'statuses', sha), { searchParams: { limit: 50 } })
      .json<{ id: number; status: string; description: string; context: string }[]>(),
  );
  const [found] = (statuses ?? [])
    .filter((status) => status.context === context)
    .toSorted((one, other) => other.id - one.id);
  return found && { state: found.status, description: found.description };
}
