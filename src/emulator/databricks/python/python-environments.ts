import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile, realpath, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '../context.ts';
import type { Child } from '../execution/child-process.ts';
import { startChild } from '../execution/child-process.ts';
import { withLockFile } from './lock-file.ts';

/** Why an environment could not be made, worded for the person whose run fails. */
export class PythonEnvironmentError extends Error {
  readonly code: 'PYTHON_MISSING' | 'LIBRARY_INSTALLATION_ERROR' | 'STOPPED';

  constructor(code: PythonEnvironmentError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'PythonEnvironmentError';
    this.code = code;
  }
}

export interface PythonEnvironment {
  /** The environment's interpreter. */
  python: string;
  /** The environment's folder. */
  folder: string;
}

export interface PythonEnvironments {
  /**
   * The virtual environment with exactly these requirements (lines of a requirements file), made once per set: who
   * asks while it is being made waits for it, and one that is half made is never used.
   * @throws PythonEnvironmentError with pip's last lines, or with what to install where Python is missing.
   */
  prepare(requirements: readonly string[], onProgress?: (line: string) => void): Promise<PythonEnvironment>;
  /** Ends installations that are going on. */
  close(): Promise<void>;
}

const installAdvice =
  'Install Python 3.9 or newer with its venv module (Debian, Ubuntu: apt install python3 python3-venv; Fedora: dnf install python3; macOS: brew install python) and start again';

/** The last part of pip's output that goes into an error, in characters. */
const tailLength = 4000;

/** Virtual environments in `cacheDir`, by the digest of Python's version and the sorted requirements. */
export function createPythonEnvironments(options: {
  cacheDir: string;
  python: string;
  log: Logger;
}): PythonEnvironments {
  const building = new Map<string, Promise<PythonEnvironment>>();
  const children = new Set<Child>();
  let closed = false;

  async function run(command: string, args: string[], onLine?: (line: string) => void) {
    let output = '';
    let partial = '';
    const child = await startChild({
      command,
      args,
      cwd: options.cacheDir,
      env: installerEnvironment(),
      onOutput(text) {
        output = (output + text).slice(-4 * tailLength);
        const lines = (partial + text).split('\n');
        partial = lines.pop() ?? '';
        for (const line of lines) onLine?.(line);
      },
    });
    children.add(child);
    const end = await child.ended;
    children.delete(child);
    if (closed)
      throw new PythonEnvironmentError('STOPPED', 'The workspace stopped while it made the environment.');
    return { ok: end.code === 0, output };
  }

  /** Version and location of the interpreter, and whether it can make environments. */
  async function inspect(): Promise<string> {
    const script =
      'import sys, venv, ensurepip; assert sys.version_info >= (3, 9), sys.version; print(sys.implementation.name, sys.version, sys.base_prefix)';
    try {
      const { ok, output } = await run(options.python, ['-c', script]);
      if (ok) return output.trim();
      throw new PythonEnvironmentError(
        'PYTHON_MISSING',
        `\`${options.python}\` cannot make virtual environments: ${output.trim().split('\n').at(-1)}. ${installAdvice}.`,
      );
    } catch (error) {
      if (error instanceof PythonEnvironmentError) throw error;
      throw new PythonEnvironmentError(
        'PYTHON_MISSING',
        `Python is needed to run jobs and was not found as \`${options.python}\`. ${installAdvice}.`,
        error,
      );
    }
  }

  async function find(link: string): Promise<PythonEnvironment | undefined> {
    try {
      const folder = await realpath(link);
      await readFile(join(folder, 'pyvenv.cfg'));
      return { folder, python: join(folder, 'bin', 'python') };
    } catch {
      return undefined;
    }
  }

  async function build(link: string, requirements: string[], onProgress: (line: string) => void) {
    const folder = `${link}-${randomUUID().slice(0, 8)}`;
    const environment = { folder, python: join(folder, 'bin', 'python') };
    try {
      onProgress('Making a virtual environment');
      const pip = requirements.length > 0 ? [] : ['--without-pip'];
      const made = await run(options.python, ['-m', 'venv', ...pip, folder]);
      if (!made.ok)
        throw new PythonEnvironmentError(
          'PYTHON_MISSING',
          `\`${options.python} -m venv\` failed: ${made.output.slice(-tailLength).trim()}\n${installAdvice}.`,
        );
      if (requirements.length > 0) {
        const list = join(folder, 'requirements.txt');
        writeFileSync(list, `${requirements.join('\n')}\n`);
        const args = ['-m', 'pip', 'install', '--no-input', '--progress-bar', 'off', '-r', list];
        const installed = await run(environment.python, args, onProgress);
        if (!installed.ok)
          throw new PythonEnvironmentError(
            'LIBRARY_INSTALLATION_ERROR',
            `Installing the environment's dependencies failed:\n${installed.output.slice(-tailLength).trim()}`,
          );
      }
      // The symbolic link is the marker of a finished environment: it appears in one step.
      const temporary = `${folder}.link`;
      await symlink(folder, temporary);
      await rename(temporary, link);
      return environment;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async function prepare(requirements: string[], onProgress: (line: string) => void) {
    mkdirSync(options.cacheDir, { recursive: true });
    const python = await inspect();
    const digest = createHash('sha256')
      .update([python, ...requirements].join('\n'))
      .digest('hex')
      .slice(0, 24);
    const link = join(options.cacheDir, digest);
    const going = building.get(digest);
    if (going) return going;
    const promise = (async () => {
      const ready = await find(link);
      if (ready) return ready;
      options.log.info({ digest, requirements }, 'making a virtual environment');
      return withLockFile(
        `${link}.lock`,
        async () => (await find(link)) ?? (await build(link, requirements, onProgress)),
      );
    })();
    building.set(digest, promise);
    try {
      return await promise;
    } finally {
      building.delete(digest);
    }
  }

  return {
    prepare: (requirements, onProgress = () => {}) =>
      prepare([...new Set(requirements)].toSorted(), onProgress),
    async close() {
      closed = true;
      await Promise.all([...children].map((child) => child.stop(1000)));
    },
  };
}

/** What pip needs of our environment: its own configuration, proxies and certificates. */
function installerEnvironment(): Record<string, string> {
  const wanted =
    /^(PATH|LANG|LC_.*|TMPDIR|PIP_.*|(https?|no|all)_proxy|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|XDG_CACHE_HOME|XDG_CONFIG_HOME|NETRC)$/i;
  const env: Record<string, string> = { HOME: homedir() };
  for (const [name, value] of Object.entries(process.env))
    if (value !== undefined && wanted.test(name)) env[name] = value;
  return env;
}
