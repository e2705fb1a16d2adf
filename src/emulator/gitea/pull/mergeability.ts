import type { ForgeContext } from '../context.ts';
import { mergeTrees } from '../git/merge-trees.ts';
import type { PullRow } from '../store/rows.ts';
import { baseRepository } from './pulls.ts';

export interface Mergeability {
  /** `empty`: the head brings nothing new; it can be merged all the same. */
  state: 'clean' | 'conflict' | 'empty';
  conflictedFiles: string[];
  /** '' where the histories have nothing in common. */
  mergeBase: string;
  /** The base branch's head now; the recorded one where the branch is gone. */
  baseSha: string;
}

/** Whether git could merge the pull request now; a merged one keeps what was true when it was merged. */
export async function mergeability(forge: ForgeContext, pull: PullRow): Promise<Mergeability> {
  const base = baseRepository(forge, pull);
  const baseSha = (await forge.git.ref(base, `refs/heads/${pull.baseBranch}`)) ?? pull.baseSha;
  if (pull.isMerged) return { state: 'clean', conflictedFiles: [], mergeBase: pull.mergeBase, baseSha };
  const mergeBase = await forge.git.mergeBase(base, baseSha, pull.headSha);
  if (mergeBase === pull.headSha) return { state: 'empty', conflictedFiles: [], mergeBase, baseSha };
  // Nothing happened on the base branch since: git would say the same, by a process.
  if (mergeBase === baseSha) return { state: 'clean', conflictedFiles: [], mergeBase, baseSha };
  const merged = await mergeTrees(forge.git, base, baseSha, pull.headSha);
  return {
    state: merged.conflictedFiles.length > 0 ? 'conflict' : 'clean',
    conflictedFiles: merged.conflictedFiles,
    mergeBase,
    baseSha,
  };
}
