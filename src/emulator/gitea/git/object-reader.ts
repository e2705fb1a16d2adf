import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { gitEnvironment } from './run-git.ts';

export interface GitObject {
  sha: string;
  type: 'blob' | 'tree' | 'commit' | 'tag';
  /** Bytes. */
  size: number;
  content: Buffer;
}

/** Reads the objects of one repository through one git process, which a process for each would make slow. */
export interface ObjectReader {
  /** @param name a full object name @returns undefined where there is no such object */
  read(name: string): Promise<GitObject | undefined>;
  /** The same without its content. */
  inspect(name: string): Promise<Omit<GitObject, 'content'> | undefined>;
  close(): void;
}

interface Question {
  wantsContent: boolean;
  answer(object: GitObject | undefined): void;
  fail(error: Error): void;
}

/** How long a process without questions stays, milliseconds. */
const idleMs = 10_000;
const newline = 0x0a;

/** Reads with `git cat-file --batch-command` (git 2.36): an answer for each line, in order. */
export function openObjectReader(path: string): ObjectReader {
  let child: ChildProcessByStdio<Writable, Readable, null> | undefined;
  let questions: Question[] = [];
  let idle: NodeJS.Timeout | undefined;

  function start(): ChildProcessByStdio<Writable, Readable, null> {
    const started = spawn('git', ['cat-file', '--batch-command'], {
      cwd: path,
      env: gitEnvironment,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const asked: Question[] = [];
    questions = asked;
    const take = answersOf(asked, rest);
    started.stdout.on('data', take);
    started.stdin.on('error', () => {});
    const end = (error: Error) => {
      if (child === started) child = undefined;
      for (const question of asked.splice(0)) question.fail(error);
    };
    started.once('error', end);
    started.once('close', () => end(new Error('git cat-file ended.')));
    // Nobody has to wait for it before the program ends.
    started.unref();
    for (const stream of [started.stdin, started.stdout]) (stream as unknown as { unref(): void }).unref();
    return started;
  }

  function rest(): void {
    clearTimeout(idle);
    idle = setTimeout(stop, idleMs).unref();
  }

  function stop(): void {
    clearTimeout(idle);
    child?.stdin.end();
    child = undefined;
  }

  function ask(command: 'contents' | 'info', name: string): Promise<GitObject | undefined> {
    if (!/^[0-9a-f]{40}$/.test(name)) return Promise.reject(new Error('An object has a full name.'));
    clearTimeout(idle);
    child ??= start();
    const { stdin } = child;
    return new Promise((answer, fail) => {
      questions.push({ wantsContent: command === 'contents', answer, fail });
      stdin.write(`${command} ${name}\n`);
    });
  }

  return {
    read: (name) => ask('contents', name),
    inspect: (name) => ask('info', name),
    close: stop,
  };
}

/** Cuts what git writes into answers. @param done told after the last question so far was answered */
function answersOf(questions: Question[], done: () => void): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  return (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (let [question] = questions; question !== undefined; [question] = questions) {
      const end = pending.indexOf(newline);
      if (end === -1) break;
      const [sha = '', type = '', length = '0'] = pending.subarray(0, end).toString('latin1').split(' ');
      let used = end + 1;
      let object: GitObject | undefined;
      if (type !== 'missing') {
        const size = Number(length);
        const content = question.wantsContent ? pending.subarray(used, used + size) : Buffer.alloc(0);
        if (question.wantsContent) used += size + 1;
        if (pending.length < used) break;
        object = { sha, type: type as GitObject['type'], size, content: Buffer.from(content) };
      }
      pending = pending.subarray(used);
      questions.shift();
      question.answer(object);
    }
    if (questions.length === 0) done();
  };
}
