import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PushListener } from './push-hooks.ts';
import { answerPushHooks } from './push-hooks.ts';
import { gitEnvironment } from './run-git.ts';

export interface GitRequest {
  /** Folder of the bare repository. */
  repositoryPath: string;
  /** What follows the repository in the address: `/info/refs`, `/git-upload-pack`, `/git-receive-pack`. */
  service: string;
  query: string;
  /** Name of the signed-in user; receive-pack needs one. */
  user: string | undefined;
  /** Folder of the hook scripts. */
  hooksPath: string;
  listener: PushListener;
}

/**
 * Serves git's smart HTTP protocol through `git http-backend`, a CGI program
 * (https://git-scm.com/docs/git-http-backend). Bodies stream both ways.
 */
export async function serveGit(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  request: GitRequest,
): Promise<void> {
  const { headers } = incoming;
  const child = spawn('git', ['http-backend'], {
    env: {
      ...gitEnvironment,
      GIT_CONFIG_COUNT: '2',
      GIT_CONFIG_KEY_1: 'core.hooksPath',
      GIT_CONFIG_VALUE_1: request.hooksPath,
      GIT_PROJECT_ROOT: request.repositoryPath,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_HTTP_MAX_REQUEST_BUFFER: '100M',
      REQUEST_METHOD: incoming.method ?? 'GET',
      PATH_INFO: request.service,
      QUERY_STRING: request.query,
      CONTENT_TYPE: headers['content-type'] ?? '',
      ...(headers['content-length'] === undefined ? {} : { CONTENT_LENGTH: headers['content-length'] }),
      ...(headers['content-encoding'] === undefined
        ? {}
        : { HTTP_CONTENT_ENCODING: headers['content-encoding'] }),
      ...(headers['git-protocol'] === undefined
        ? {}
        : {
            HTTP_GIT_PROTOCOL: String(headers['git-protocol']),
            GIT_PROTOCOL: String(headers['git-protocol']),
          }),
      REMOTE_ADDR: incoming.socket.remoteAddress ?? '',
      ...(request.user === undefined ? {} : { REMOTE_USER: request.user }),
    },
    // Descriptor 3 is the hooks' line to the forge.
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  let stderr = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk}`.slice(-2000);
  });
  const hooks = answerPushHooks(child.stdio[3] as Duplex, request.listener).catch(() => {});
  child.stdin!.on('error', () => {});
  incoming.pipe(child.stdin!);
  outgoing.on('close', () => {
    if (!outgoing.writableFinished) child.kill();
  });
  await answerFromCgi(child.stdout!, outgoing);
  const code = await exited;
  await hooks;
  if (code !== 0 && code !== null && !outgoing.writableEnded) {
    throw new Error(`git http-backend ended with ${code}: ${stderr.trim()}`);
  }
}

/** Turns a CGI answer (header lines, an empty line, the body) into the HTTP response. */
async function answerFromCgi(stdout: Readable, outgoing: ServerResponse): Promise<void> {
  let head = Buffer.alloc(0);
  const body = stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let end = -1;
  while (end === -1) {
    const next = await body.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
    end = head.indexOf('\r\n\r\n');
  }
  if (end === -1) {
    outgoing.writeHead(500, { 'Content-Type': 'text/plain' }).end('git gave no answer\n');
    return;
  }
  for (const line of head.subarray(0, end).toString('latin1').split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    if (name.toLowerCase() === 'status') outgoing.statusCode = Number.parseInt(value, 10);
    else outgoing.setHeader(name, value);
  }
  outgoing.write(head.subarray(end + 4));
  await pipeline(async function* () {
    for (let next = await body.next(); !next.done; next = await body.next()) yield next.value;
  }, outgoing);
}
