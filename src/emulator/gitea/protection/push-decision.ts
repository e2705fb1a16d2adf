import type { ForgeContext } from '../context.ts';
import { zeroSha } from '../git/git-repositories.ts';
import type { RepositoryRow, UserRow } from '../store/rows.ts';
import { matchingFiles } from './patterns.ts';
import { mayForcePush, mayPush, ruleFor } from './rules.ts';

/** One ref that a push wants to change; zeros stand for "did not exist" and "shall not exist". */
export interface RefUpdate {
  before: string;
  after: string;
  ref: string;
}

/**
 * Why a push by somebody who can write to the repository is refused; undefined where it is not.
 * `quarantine` is the environment in which git sees the objects that were pushed but not accepted yet.
 */
export async function refusePush(
  forge: ForgeContext,
  doer: UserRow,
  repository: RepositoryRow,
  update: RefUpdate,
  quarantine: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  if (update.ref.startsWith('refs/tags/')) return undefined;
  if (!update.ref.startsWith('refs/heads/')) return `ref ${update.ref} cannot be pushed`;
  const branch = update.ref.slice('refs/heads/'.length);
  const isDeleted = update.after === zeroSha;
  if (isDeleted && branch === repository.defaultBranch) {
    return `branch ${branch} is the default branch and cannot be deleted`;
  }
  const rule = ruleFor(forge, repository, branch)?.rule;
  if (rule === undefined) return undefined;
  if (isDeleted) return `branch ${branch} is protected from deletion`;

  const isNew = update.before === zeroSha;
  const git = (args: string[]) => forge.git.text(repository, args, { env: quarantine });
  if (!isNew) {
    const lost = await git(['rev-list', '--max-count=1', update.before, `^${update.after}`]);
    if (lost !== '') {
      return mayForcePush(forge, doer, repository, rule)
        ? undefined
        : `branch ${branch} is protected from force push`;
    }
  }
  const hasFilePatterns = rule.protected_file_patterns !== '' || rule.unprotected_file_patterns !== '';
  const changed =
    isNew || !hasFilePatterns
      ? []
      : (await git(['diff', '--name-only', '--no-renames', '-z', update.before, update.after]))
          .split('\0')
          .filter(Boolean);
  const [protectedFile] = matchingFiles(rule.protected_file_patterns, changed);
  if (mayPush(forge, doer, repository, rule)) {
    return protectedFile === undefined
      ? undefined
      : `branch ${branch} is protected from changing file ${protectedFile}`;
  }
  const open = matchingFiles(rule.unprotected_file_patterns, changed);
  if (changed.length > 0 && open.length === changed.length && protectedFile === undefined) return undefined;
  return `Not allowed to push to protected branch ${branch}`;
}
