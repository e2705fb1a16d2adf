import { execFile } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Clones with the real git, changes one file (or makes it) on a branch that is new, and pushes.
 *
 * @param change from the file's text to the new one
 * @returns the commit's SHA
 */
export async function pushChange(options: {
  url: string;
  user: { name: string; password: string };
  branch: string;
  file: string;
  message: string;
  change: (text: string) => string;
}): Promise<string> {
  const { url, user, branch, file, message, change } = options;
  const folder = await mkdtemp(join(tmpdir(), 'story-clone-'));
  const credentials = Buffer.from(`${user.name}:${user.password}`).toString('base64');
  const git = async (...args: string[]): Promise<string> =>
    (
      await run('git', args, {
        cwd: folder,
        env: {
          PATH: process.env.PATH,
          HOME: folder,
          GIT_TERMINAL_PROMPT: '0',
          GIT_CONFIG_NOSYSTEM: '1',
          GIT_AUTHOR_NAME: user.name,
          GIT_AUTHOR_EMAIL: `${user.name}@example.com`,
          GIT_COMMITTER_NAME: user.name,
          GIT_COMMITTER_EMAIL: `${user.name}@example.com`,
          GIT_CONFIG_COUNT: '1',
          GIT_CONFIG_KEY_0: 'http.extraHeader',
          GIT_CONFIG_VALUE_0: `Authorization: Basic ${credentials}`,
        },
      })
    ).stdout.trim();
  await git('clone', '--quiet', url, '.');
  await git('checkout', '--quiet', '-B', branch);
  const path = join(folder, file);
  await writeFile(path, change(await readFile(path, 'utf8').catch(() => '')));
  await git('add', '--all');
  await git('commit', '--quiet', '--all', `--message=${message}`);
  await git('push', '--quiet', 'origin', branch);
  return git('rev-parse', 'HEAD');
}
