import { spawn } from 'node:child_process';

/** Environment of every git process: nothing of the machine's or the user's configuration takes part. */
export const gitEnvironment: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  // Paths from requests are names, never patterns.
  GIT_LITERAL_PATHSPECS: '1',
  // Repositories may belong to another user than the one who runs the forge (root in containers).
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'safe.directory',
  GIT_CONFIG_VALUE_0: '*',
};

export interface GitRunOptions {
  input?: string | Buffer;
  env?: NodeJS.ProcessEnv;
  /** Exit codes that are answers, not failures. Default: only 0. */
  accept?: readonly number[];
}

export interface GitResult {
  code: number;
  stdout: Buffer;
  stderr: string;
}

/** git ended with a code that is no answer. */
export class GitError extends Error {
  readonly code: number;
  readonly stderr: string;
  constructor(args: readonly string[], code: number, stderr: string) {
    super(`git ${args[0]} ended with ${code}: ${stderr.trim().slice(0, 500)}`);
    this.name = 'GitError';
    this.code = code;
    this.stderr = stderr;
  }
}

/** Runs git in a folder and gives its whole output. Arguments never pass a shell. */
export function runGit(
  cwd: string,
  args: readonly string[],
  options: GitRunOptions = {},
): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, {
      cwd,
      env: { ...gitEnvironment, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      const message = Buffer.concat(stderr).toString('utf8');
      if ((options.accept ?? [0]).includes(code ?? -1)) {
        resolve({ code: code ?? -1, stdout: Buffer.concat(stdout), stderr: message });
      } else reject(new GitError(args, code ?? -1, message));
    });
    // git may answer before it has read everything.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input);
  });
}
