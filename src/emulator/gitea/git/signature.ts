import type { UserRow } from '../store/rows.ts';

/** Who git writes into a commit: Gitea uses the full name, or else the name, and the user's e-mail. */
function signatureOf(user: UserRow): { name: string; email: string } {
  return {
    name: user.fullName || user.name,
    email: user.email || `${user.id}+${user.lowerName}@noreply.localhost`,
  };
}

/** git's environment for writing a commit; `at` in seconds since the epoch, UTC. */
export function signatureEnvironment(input: {
  author: UserRow | { name: string; email: string; date: string };
  committer: UserRow;
  at: number;
}): Record<string, string> {
  const author =
    'date' in input.author ? input.author : { ...signatureOf(input.author), date: `@${input.at} +0000` };
  const committer = signatureOf(input.committer);
  return {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_AUTHOR_DATE: author.date,
    GIT_COMMITTER_NAME: committer.name,
    GIT_COMMITTER_EMAIL: committer.email,
    GIT_COMMITTER_DATE: `@${input.at} +0000`,
  };
}
