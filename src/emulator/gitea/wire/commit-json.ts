import type { ForgeContext } from '../context.ts';
import type { Commit, Signature } from '../git/commits.ts';
import { commitFiles } from '../git/commits.ts';
import { changedFiles, emptyTree } from '../git/diff.ts';
import type { RepositoryRow, UserRow } from '../store/rows.ts';
import { repositoryApiUrl, repositoryUrl } from './addresses.ts';
import { zeroTime } from './timestamp.ts';
import { userJson } from './user-json.ts';

const unsigned = {
  verified: false,
  reason: 'gpg.error.not_signed_commit',
  signature: '',
  signer: null,
  payload: '',
};

/** The user whose e-mail a commit carries. */
function userOf(forge: ForgeContext, signature: Signature): UserRow | undefined {
  const noreply = /^(\d+)\+[^@]+@noreply\.localhost$/.exec(signature.email);
  return noreply
    ? forge.store.users.get(Number(noreply[1]))
    : forge.store.users.find({ kind: 'user', email: signature.email });
}

const person = (forge: ForgeContext, signature: Signature) => ({
  name: signature.name,
  email: signature.email,
  username: userOf(forge, signature)?.name ?? '',
});

/** A commit as webhooks and branches show it. With `withFiles` it says which files it touches. */
export async function payloadCommitJson(
  forge: ForgeContext,
  repository: RepositoryRow,
  commit: Commit,
  withFiles: boolean,
) {
  const files = withFiles ? await commitFiles(forge.git, repository, commit.sha) : undefined;
  return {
    id: commit.sha,
    message: commit.message,
    url: `${repositoryUrl(forge, repository)}/commit/${commit.sha}`,
    author: person(forge, commit.author),
    committer: person(forge, commit.committer),
    verification: withFiles ? null : unsigned,
    timestamp: commit.author.date,
    added: files?.added ?? null,
    removed: files?.removed ?? null,
    modified: files?.modified ?? null,
  };
}

/** A commit as the commit lists and `git/commits` show it. Its tree carries the commit's SHA, as Gitea's does. */
export async function commitJson(
  forge: ForgeContext,
  repository: RepositoryRow,
  commit: Commit,
  include: { files: boolean; stat: boolean },
) {
  const apiUrl = repositoryApiUrl(forge, repository);
  const url = `${apiUrl}/git/commits/${commit.sha}`;
  const author = userOf(forge, commit.author);
  const committer = userOf(forge, commit.committer);
  const changed =
    include.files || include.stat
      ? await changedFiles(forge.git, repository, commit.parents[0] ?? emptyTree, commit.sha)
      : [];
  const additions = changed.reduce((total, file) => total + file.additions, 0);
  const deletions = changed.reduce((total, file) => total + file.deletions, 0);
  const files = include.files ? await commitFiles(forge.git, repository, commit.sha) : undefined;
  return {
    url,
    sha: commit.sha,
    created: commit.committer.date,
    html_url: `${repositoryUrl(forge, repository)}/commit/${commit.sha}`,
    commit: {
      url,
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      tree: {
        url: `${apiUrl}/git/trees/${commit.sha}`,
        sha: commit.sha,
        created: commit.committer.date,
      },
      verification: unsigned,
    },
    author: author === undefined ? null : userJson(forge, author, undefined),
    committer: committer === undefined ? null : userJson(forge, committer, undefined),
    parents: commit.parents.map((sha) => ({ url: `${apiUrl}/git/commits/${sha}`, sha, created: zeroTime })),
    files:
      files === undefined
        ? null
        : [
            ...files.added.map((filename) => ({ filename, status: 'added' })),
            ...files.removed.map((filename) => ({ filename, status: 'removed' })),
            ...files.modified.map((filename) => ({ filename, status: 'modified' })),
          ],
    stats: include.stat ? { total: additions + deletions, additions, deletions } : null,
  };
}
