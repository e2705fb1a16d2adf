import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Agent, createServer, request as send } from 'node:http';
import type { Socket } from 'node:net';
import type { Fault, FaultPlan, Passing } from './fault.ts';
import { nameOf, routeOf } from './fault.ts';
import { noFaults } from './plans.ts';

/** A request that went through, or did not. */
export interface Passed extends Passing {
  /** What was done to it; `none`. */
  fault: string;
  /** What the other side answered; null: it did not have the request, or gave no answer. */
  status: number | null;
}

export interface FaultProxy {
  /** Origin without a trailing slash. */
  readonly origin: string;
  /** From now on. Requests that stall go on stalling until their connection ends. */
  use(plan: FaultPlan): void;
  /** Nothing answers here until `up()`: connections are refused, those that are open are cut. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** By `route: fault`, those without a fault included. */
  counts(): Map<string, number>;
  /** How many requests are on their way; those that stall are not. */
  readonly underWay: number;
  /** How often each fault happened. */
  faults(): Record<string, number>;
  /** How many requests of a route that matches reached the other side. */
  reached(route: RegExp): number;
  /** Told after the other side has answered, and before its answer goes on. @returns stops it */
  onPassed(hear: (passed: Passed) => void): () => void;
  close(): Promise<void>;
}

/** Headers of one connection, not of the message (RFC 9110 §7.6.1). */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

interface Answer {
  status: number;
  reason: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/**
 * Stands in front of a server on loopback and does to requests what its plan says. Whole bodies are read before
 * anything goes on, so that "after" means that the other side has done what it was asked for.
 *
 * @param upstream origin of the server; asked for each request
 */
export async function startFaultProxy(
  upstream: () => string,
  options: { port?: number; plan?: FaultPlan } = {},
): Promise<FaultProxy> {
  let plan = options.plan ?? noFaults;
  const agent = new Agent({ keepAlive: true });
  const seen = new Map<string, number>();
  const counts = new Map<string, number>();
  const reached = new Map<string, number>();
  const listeners = new Set<(passed: Passed) => void>();
  const sockets = new Set<Socket>();
  let underWay = 0;
  const add = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const method = incoming.method ?? 'GET';
    const path = (incoming.url ?? '/').split('?', 1)[0] as string;
    const route = routeOf(method, path);
    const nth = seen.get(route) ?? 0;
    seen.set(route, nth + 1);
    const request: Passing = { method, path, route, nth };
    const fault = plan(request);
    const name = fault === null ? 'none' : nameOf(fault);
    add(counts, `${route}: ${name}`);
    const body = await read(incoming);
    if (fault !== null && happensBefore(fault)) {
      tell({ ...request, fault: name, status: null });
      return before(fault, outgoing);
    }
    if (fault?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
    add(reached, route);
    const answer = inOwnName(await ask(upstream(), agent, incoming, body), upstream(), origin);
    tell({ ...request, fault: name, status: answer.status });
    if (fault === null || fault.kind === 'delay') return pass(answer, outgoing);
    after(fault, answer, outgoing);
  }

  function tell(passed: Passed): void {
    for (const hear of listeners) hear(passed);
  }

  const server = createServer((incoming, outgoing) => {
    underWay += 1;
    handle(incoming, outgoing)
      .catch(() => incoming.socket.destroy())
      .finally(() => {
        underWay -= 1;
      });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  // A client that gave up while it was stalled, or whose connection we reset.
  server.on('clientError', (_error, socket) => socket.destroy());
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  await listen(options.port ?? 0);
  const { port } = server.address() as { port: number };
  const origin = `http://127.0.0.1:${port}`;

  async function down(): Promise<void> {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  return {
    origin,
    use(next) {
      plan = next;
    },
    down,
    async up() {
      if (!server.listening) await listen(port);
    },
    get underWay() {
      return underWay;
    },
    counts: () => new Map([...counts].toSorted(([a], [b]) => a.localeCompare(b))),
    faults() {
      const sums: Record<string, number> = {};
      for (const [key, count] of counts) {
        const name = key.slice(key.lastIndexOf(': ') + 2);
        if (name !== 'none') sums[name] = (sums[name] ?? 0) + count;
      }
      return sums;
    },
    reached: (route) => [...reached].reduce((sum, [key, count]) => (route.test(key) ? sum + count : sum), 0),
    onPassed(hear) {
      listeners.add(hear);
      return () => void listeners.delete(hear);
    },
    async close() {
      await down();
      agent.destroy();
    },
  };
}

const happensBefore = (fault: Fault): boolean =>
  ['too-many', 'error', 'page', 'stall'].includes(fault.kind) ||
  (fault.kind === 'reset' && fault.when === 'before');

/** In place of what the other side would say. */
function before(fault: Fault, outgoing: ServerResponse): void {
  switch (fault.kind) {
    case 'too-many': {
      const { retryAfterSeconds } = fault;
      const retry = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
      outgoing.writeHead(429, { 'content-type': 'application/json', ...retry });
      outgoing.end('{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"Too many requests."}');
      return;
    }
    case 'error':
      outgoing.writeHead(fault.status, { 'content-type': 'application/json' });
      outgoing.end('{"error_code":"INTERNAL_ERROR","message":"An internal error occurred."}');
      return;
    case 'page':
      outgoing.writeHead(fault.status, { 'content-type': 'text/html; charset=utf-8' });
      outgoing.end(
        '<html><head><title>Gateway</title></head><body><h1>Something is wrong</h1></body></html>',
      );
      return;
    case 'reset':
      outgoing.socket?.resetAndDestroy();
      return;
    default:
    // Stalled: whoever waits has to give up.
  }
}

/** In place of the answer that the other side gave. */
function after(fault: Fault, answer: Answer, outgoing: ServerResponse): void {
  if (fault.kind === 'reset') {
    outgoing.socket?.resetAndDestroy();
  } else if (fault.kind === 'half-body' && answer.body.length > 1) {
    const headers = { ...endToEnd(answer.headers), 'content-length': answer.body.length };
    outgoing.writeHead(answer.status, answer.reason, headers);
    outgoing.write(answer.body.subarray(0, Math.floor(answer.body.length / 2)), () =>
      outgoing.socket?.destroy(),
    );
  } else {
    outgoing.socket?.destroy();
  }
}

/** Addresses that the other side tells of itself lead here, as they do behind any proxy that is set up well. */
function inOwnName(answer: Answer, upstream: string, origin: string): Answer {
  if (!/json/.test(answer.headers['content-type'] ?? '') || !answer.body.includes(upstream)) return answer;
  const body = Buffer.from(answer.body.toString('utf8').replaceAll(upstream, origin));
  return { ...answer, body, headers: { ...answer.headers, 'content-length': String(body.length) } };
}

function pass(answer: Answer, outgoing: ServerResponse): void {
  outgoing.writeHead(answer.status, answer.reason, endToEnd(answer.headers));
  outgoing.end(answer.body);
}

function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));
}

async function read(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** One request to the other side. A kept connection that it had closed meanwhile is no fault: it is asked anew. */
async function ask(origin: string, agent: Agent, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  const attempt = (via: Agent | false) =>
    new Promise<Answer>((resolve, reject) => {
      const { host: _, ...headers } = endToEnd(incoming.headers);
      const request = send(
        `${origin}${incoming.url}`,
        { method: incoming.method, agent: via, headers: { ...headers, 'content-length': body.length } },
        (response) => {
          const { statusCode: status = 502, statusMessage: reason = '' } = response;
          read(response).then(
            (text) => resolve({ status, reason, headers: response.headers, body: text }),
            reject,
          );
        },
      );
      request.on('error', (error) => reject(Object.assign(error, { reused: request.reusedSocket })));
      request.end(body);
    });
  try {
    return await attempt(agent);
  } catch (error) {
    if ((error as { reused?: boolean }).reused !== true) throw error;
    return await attempt(false);
  }
}
