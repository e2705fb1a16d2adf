import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { Value } from 'typebox/value';
import type { ChangeEvent } from '../../src/contract/event.ts';
import type { Problem } from '../../src/contract/problem.ts';
import type { Answers } from './answers.ts';
import { answersFor } from './answers.ts';

/** Stands where the backend stands and answers what it is told, so that the panel is seen in any state at once. */
export interface AnsweringBackend {
  origin: string;
  /** What it answers from now on; forgets what was asked before. @throws when one is not what its schema says */
  answer(answers: Answers): void;
  /** Answers each request with this problem instead; null: no longer. */
  refuse(problem: Problem | null): void;
  /** Tells the pages that listen that something changed. */
  announce(event: ChangeEvent): void;
  /** How many pages listen. */
  listeners(): number;
  /** "GET repositories/1" and so on, in the order they came. */
  readonly asked: string[];
  /** What was asked and nothing stood for: a test that leaves some here has tested an error page. */
  readonly unplanned: string[];
  close(): Promise<void>;
}

const root = '/-/databricks/api/v1/';

/** Starts it on a port of its own. */
export async function startAnsweringBackend(): Promise<AnsweringBackend> {
  let answers: Answers = {};
  let refusal: Problem | null = null;
  const streams = new Set<ServerResponse>();
  const asked: string[] = [];
  const unplanned: string[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = pathname.startsWith(root) ? decodeURIComponent(pathname.slice(root.length)) : pathname;
    asked.push(`${request.method} ${path}`);
    if (refusal !== null) return send(response, refusal.status, refusal);
    if (path === 'events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(': open\n\n');
      streams.add(response);
      response.on('close', () => streams.delete(response));
      return;
    }
    const found = answers[path];
    if (found !== undefined) return send(response, 200, found.body);
    unplanned.push(`${request.method} ${path}`);
    send(response, 404, { type: 'about:blank', title: 'Not found', status: 404, code: 'not-found' });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const backend: AnsweringBackend = {
    origin: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    answer(next) {
      for (const [path, { schema, body }] of Object.entries(next)) {
        const [wrong] = Value.Errors(schema, body);
        if (wrong) throw new Error(`${path}: ${wrong.instancePath} ${wrong.message}`);
      }
      answers = next;
      refusal = null;
      asked.length = 0;
      unplanned.length = 0;
    },
    refuse: (problem) => {
      refusal = problem;
    },
    announce(event) {
      for (const stream of streams) stream.write(`data: ${JSON.stringify(event)}\n\n`);
    },
    listeners: () => streams.size,
    asked,
    unplanned,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  backend.answer(answersFor());
  return backend;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(JSON.stringify(body));
}
