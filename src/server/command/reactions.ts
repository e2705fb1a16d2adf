import type { BoundRepositories, BoundRepository } from '../permission/bound-repository.ts';

/** Handler of the outbox topic `reaction`. Gitea keeps one reaction of a kind per user, so it may be called again. */
export function createReactions(options: {
  repositories: Pick<BoundRepositories, 'current'>;
  react(to: { repository: BoundRepository; comment: number; content: string }): Promise<void>;
}): (payload: Record<string, unknown>) => Promise<void> {
  return async (payload) => {
    const {
      repository: id,
      comment,
      content,
    } = payload as {
      repository: number;
      comment: number;
      content: string;
    };
    const repository = await options.repositories.current(id);
    if (repository) await options.react({ repository, comment, content });
  };
}
