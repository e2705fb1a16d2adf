import { findUser } from '../../../src/emulator/gitea/account/users.ts';
import type { Forge } from '../../../src/emulator/gitea/forge.ts';
import { zeroSha } from '../../../src/emulator/gitea/git/git-repositories.ts';
import { createComment } from '../../../src/emulator/gitea/pull/comments.ts';
import { createPull } from '../../../src/emulator/gitea/pull/create-pull.ts';
import { mergePull } from '../../../src/emulator/gitea/pull/merge-pull.ts';
import { submitReview } from '../../../src/emulator/gitea/pull/reviews.ts';
import { afterPush } from '../../../src/emulator/gitea/repository/after-push.ts';
import { findRepository } from '../../../src/emulator/gitea/repository/repositories.ts';
import type {
  CommentRow,
  PullRow,
  RepositoryRow,
  StatusRow,
  UserRow,
} from '../../../src/emulator/gitea/store/rows.ts';

/** A commit to be made. */
export interface NewCommit {
  branch: string;
  /** The branch that it starts from where its own is new; without one it is the repository's first. */
  from?: string;
  files: Record<string, string>;
  message: string;
}

/**
 * The emulated forge as the people of a story use it, past HTTP: what they do has its webhooks and its pull requests
 * follow, and a thousand commits take one git process. The backend sees it by HTTP alone.
 */
export class ForgeSide {
  readonly forge: Forge;

  constructor(forge: Forge) {
    this.forge = forge;
  }

  user(name: string): UserRow {
    const user = findUser(this.forge.context, name);
    if (!user) throw new Error(`The forge has no user ${name}.`);
    return user;
  }

  repository(fullName: string): RepositoryRow {
    const [owner = '', name = ''] = fullName.split('/');
    const repository = findRepository(this.forge.context, owner, name);
    if (!repository) throw new Error(`The forge has no repository ${fullName}.`);
    return repository;
  }

  async head(fullName: string, branch: string): Promise<string | undefined> {
    return await this.forge.context.git.ref(this.repository(fullName), `refs/heads/${branch}`);
  }

  /** One commit, pushed: webhooks and pull requests follow. @returns its SHA */
  async push(who: string, fullName: string, commit: NewCommit): Promise<string> {
    const repository = this.repository(fullName);
    const ref = `refs/heads/${commit.branch}`;
    const before = (await this.head(fullName, commit.branch)) ?? zeroSha;
    await this.writeCommits(fullName, [commit]);
    const after = (await this.head(fullName, commit.branch)) as string;
    await afterPush(this.forge.context, this.user(who), repository, [{ ref, before, after }]);
    return after;
  }

  /** Commits without a word to anybody. @param also refs beside the branch, for each commit */
  async writeCommits(
    fullName: string,
    commits: readonly NewCommit[],
    also: (commit: NewCommit) => string[] = () => [],
  ): Promise<void> {
    const { git } = this.forge.context;
    const repository = this.repository(fullName);
    const lines: string[] = [];
    let mark = 0;
    for (const { branch, from, files, message } of commits) {
      mark += 1;
      const known = await this.head(fullName, branch);
      const start = known ?? (from === undefined ? undefined : await this.head(fullName, from));
      lines.push(`commit refs/heads/${branch}`, `mark :${mark}`);
      lines.push(`committer Walt Brandt <walt@example.com> ${this.forge.context.now()} +0000`);
      lines.push(data(message));
      if (start !== undefined) lines.push(`from ${start}`);
      for (const [path, text] of Object.entries(files)) lines.push(`M 100644 inline ${path}`, data(text));
      lines.push('');
      for (const ref of also({ branch, from, files, message }))
        lines.push(`reset ${ref}`, `from :${mark}`, '');
    }
    await git.run(repository, ['fast-import', '--quiet', '--force'], { input: `${lines.join('\n')}\n` });
  }

  async openPull(who: string, fullName: string, branch: string): Promise<PullRow> {
    const input = { head: branch, base: 'main', title: `Try ${branch}` };
    return await createPull(this.forge.context, this.user(who), this.repository(fullName), input);
  }

  pull(fullName: string, index: number): PullRow {
    const repositoryId = this.repository(fullName).id;
    const pull = this.forge.context.store.pulls.find({ repositoryId, index });
    if (!pull) throw new Error(`${fullName} has no pull request ${index}.`);
    return pull;
  }

  async approve(who: string, fullName: string, index: number): Promise<void> {
    await submitReview(this.forge.context, this.user(who), this.pull(fullName, index), {
      state: 'APPROVED',
      body: '',
    });
  }

  async merge(who: string, fullName: string, index: number): Promise<void> {
    await mergePull(this.forge.context, this.user(who), this.pull(fullName, index), { style: 'merge' });
  }

  async comment(who: string, fullName: string, index: number, body: string): Promise<CommentRow> {
    return await createComment(this.forge.context, this.user(who), this.pull(fullName, index), body);
  }

  /** Comments on a pull request by one user, oldest first. */
  commentsOf(who: string, pull: Pick<PullRow, 'id'>): CommentRow[] {
    const { comments } = this.forge.context.store;
    return comments.list({ pullId: pull.id, kind: 'comment', authorId: this.user(who).id }, { order: 'id' });
  }

  /** All statuses of a context in the order in which they were posted, by commit. */
  statuses(repositoryId: number, context = 'databricks/train'): Map<string, StatusRow[]> {
    const all = this.forge.context.store.statuses.list({ repositoryId, context }, { order: 'id' });
    return Map.groupBy(all, (status) => status.sha);
  }
}

/** A block of data in the words of git-fast-import(1). */
const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}`;
