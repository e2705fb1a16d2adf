import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { promisify } from 'node:util';
import type { DemoUser } from '../setup/accounts.ts';
import { basic } from '../setup/gitea-client.ts';

const run = promisify(execFile);

/**
 * A working copy that commits are pushed from with the real git, over HTTP. Credentials go through git's
 * configuration in the environment: they show up in no process list and no file.
 */
export class GitClone {
  readonly #dir: string;
  readonly #url: string;
  readonly #signal: AbortSignal;

  constructor(dir: string, url: string, signal: AbortSignal) {
    this.#dir = dir;
    this.#url = url;
    this.#signal = signal;
  }

  /** The remote's branches by name. */
  async fetch(user: DemoUser): Promise<Map<string, string>> {
    if (!existsSync(this.#dir)) {
      mkdirSync(this.#dir, { recursive: true });
      await this.#git(user, 'init', '--quiet', '--initial-branch=main');
      await this.#git(user, 'remote', 'add', 'origin', this.#url);
    }
    await this.#git(user, 'fetch', '--quiet', '--prune', 'origin');
    const listed = await this.#git(
      user,
      'for-each-ref',
      '--format=%(refname:strip=3) %(objectname)',
      'refs/remotes/origin',
    );
    return new Map(
      listed
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('HEAD '))
        .map((line) => line.split(' ') as [string, string]),
    );
  }

  /** Subject of a commit's message. */
  async subject(user: DemoUser, commit: string): Promise<string> {
    return (await this.#git(user, 'log', '-1', '--format=%s', commit)).trim();
  }

  /**
   * One commit on a branch, pushed. A branch that has it already (the push went through, but nobody noted it) is
   * left alone.
   * @param start the commit to start from; undefined for the repository's first @returns the commit's SHA
   */
  async push(
    user: DemoUser,
    branch: string,
    start: string | undefined,
    files: string,
    message: string,
  ): Promise<string> {
    const branches = await this.fetch(user);
    const tip = branches.get(branch);
    if (tip !== undefined && (await this.subject(user, tip)) === message.split('\n')[0]) return tip;
    if (start === undefined) await this.#git(user, 'symbolic-ref', 'HEAD', `refs/heads/${branch}`);
    else await this.#git(user, 'checkout', '--quiet', '--force', '-B', branch, start);
    cpSync(files, this.#dir, { recursive: true });
    await this.#git(user, 'add', '--all');
    await this.#git(user, 'commit', '--quiet', `--message=${message}`);
    await this.#git(user, 'push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`);
    return (await this.#git(user, 'rev-parse', 'HEAD')).trim();
  }

  /** The branch's last commit once more, under a new SHA. @returns it */
  async pushAgain(user: DemoUser, branch: string): Promise<string> {
    const tip = (await this.fetch(user)).get(branch);
    if (tip === undefined) throw new Error(`there is no branch ${branch}`);
    await this.#git(user, 'checkout', '--quiet', '--force', '-B', branch, tip);
    await this.#git(user, 'commit', '--quiet', '--amend', '--no-edit', '--reset-author');
    await this.#git(user, 'push', '--quiet', '--force', 'origin', `HEAD:refs/heads/${branch}`);
    return (await this.#git(user, 'rev-parse', 'HEAD')).trim();
  }

  async #git(user: DemoUser, ...args: string[]): Promise<string> {
    const email = `${user.name}@example.com`;
    const { PATH, HOME, TMPDIR } = process.env;
    try {
      const { stdout } = await run('git', args, {
        cwd: this.#dir,
        signal: this.#signal,
        maxBuffer: 16 * 1024 * 1024,
        env: {
          ...(PATH === undefined ? {} : { PATH }),
          ...(HOME === undefined ? {} : { HOME }),
          ...(TMPDIR === undefined ? {} : { TMPDIR }),
          LC_ALL: 'C',
          // The user's own hooks, signing and credential helpers have no business here.
          GIT_CONFIG_GLOBAL: '/dev/null',
          GIT_CONFIG_NOSYSTEM: '1',
          GIT_TERMINAL_PROMPT: '0',
          GIT_AUTHOR_NAME: user.fullName,
          GIT_AUTHOR_EMAIL: email,
          GIT_COMMITTER_NAME: user.fullName,
          GIT_COMMITTER_EMAIL: email,
          GIT_CONFIG_COUNT: '1',
          GIT_CONFIG_KEY_0: 'http.extraHeader',
          GIT_CONFIG_VALUE_0: `Authorization: ${basic(user)}`,
        },
      });
      return stdout;
    } catch (error) {
      this.#signal.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code === 'ENOENT')
        throw new Error('git is not installed: the demo needs it');
      const said = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
      throw new Error(`git ${args[0]} failed: ${said}`);
    }
  }
}
