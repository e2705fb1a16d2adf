import type { ForgeContext } from '../context.ts';
import type { PullRow, RepositoryRow } from '../store/rows.ts';

/** Where the base repository keeps a pull request's head, forks included. */
export function pullHeadRef(pull: Pick<PullRow, 'index'>): string {
  return `refs/pull/${pull.index}/head`;
}

/** Brings the head branch's commit into the base repository, under `refs/pull/N/head`. */
export async function fetchHead(forge: ForgeContext, pull: PullRow, head: RepositoryRow): Promise<void> {
  const base = { id: pull.repositoryId };
  const source = `refs/heads/${pull.headBranch}`;
  if (head.id === pull.repositoryId) {
    await forge.git.run(base, ['update-ref', pullHeadRef(pull), source]);
    return;
  }
  const from = forge.git.path(head);
  await forge.git.run(base, ['fetch', '--quiet', '--no-tags', from, `+${source}:${pullHeadRef(pull)}`]);
}
