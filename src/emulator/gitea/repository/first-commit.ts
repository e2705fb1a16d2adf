import type { ForgeContext } from '../context.ts';
import { signatureEnvironment } from '../git/signature.ts';
import type { RepositoryRow, UserRow } from '../store/rows.ts';

/** Writes the README that `auto_init` asks for, as the first commit of the default branch. */
export async function writeFirstCommit(
  forge: ForgeContext,
  doer: UserRow,
  repository: RepositoryRow,
): Promise<void> {
  const { git } = forge;
  const input = `# ${repository.name}\n\n${repository.description}`;
  const blob = await git.text(repository, ['hash-object', '-w', '--stdin'], { input });
  const tree = await git.text(repository, ['mktree'], { input: `100644 blob ${blob}\tREADME.md\n` });
  const commit = await git.text(repository, ['commit-tree', tree, '-m', 'Initial commit'], {
    env: signatureEnvironment({ author: doer, committer: doer, at: forge.now() }),
  });
  await git.run(repository, ['update-ref', `refs/heads/${repository.defaultBranch}`, commit]);
}
