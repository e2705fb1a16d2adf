import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AfterHandler, BeforeHandler } from './fault.ts';
import { faultPage } from './fault-pages.ts';
import type { FaultRegistry } from './fault-registry.ts';
import { createLateReads } from './late-reads.ts';

/** The control route is never met by a fault, or it could not end one. */
const control = /^\/test\/faults(\/|$)/;

/** Lets the registry's faults happen to the requests that they meet. */
export function registerFaultHooks(app: FastifyInstance, faults: FaultRegistry): void {
  const late = createLateReads();

  app.addHook('onRequest', async (request, reply) => {
    const path = pathOf(request);
    if (control.test(path)) return;
    for (const fault of faults.takeBefore(request.method, path)) {
      if (fault.kind === 'delay') await sleep(fault.delayMs);
      else return await answerInstead(fault, request, reply);
    }
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const path = pathOf(request);
    if (control.test(path)) return payload;
    let shown: string | undefined;
    const fault = faults.takeAfter(request.method, path, (candidate, id) => {
      if (candidate.kind !== 'late') return true;
      if (reply.statusCode !== 200 || typeof payload !== 'string') return false;
      const read = `${request.method} ${request.url} ${JSON.stringify(request.body ?? null)}`;
      shown = late.shownBefore(id, read);
      return late.isNews(candidate, id, read, payload);
    });
    if (!fault) return payload;
    if (fault.kind === 'late') {
      const instead = late.instead(fault, request.url, shown);
      reply.code(instead.status).removeHeader('content-length');
      return instead.body;
    }
    reply.hijack();
    await breakOff(fault, request, reply, payload);
    return payload;
  });
}

const pathOf = (request: FastifyRequest) => request.url.split('?')[0] ?? '';

async function answerInstead(
  fault: Exclude<BeforeHandler, { kind: 'delay' }>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  if (fault.kind === 'reset') {
    reply.hijack();
    request.raw.socket.resetAndDestroy();
    return;
  }
  if (fault.retryAfter !== undefined) reply.header('retry-after', String(fault.retryAfter));
  reply.code(fault.status);
  if (fault.kind === 'error') {
    await reply.send({ error_code: fault.errorCode, message: fault.message });
    return;
  }
  if (fault.location !== undefined) reply.header('location', fault.location);
  await reply.type('text/html; charset=utf-8').send(faultPage(fault.page, fault.status));
}

/** Sends no answer, or the first half of it. */
async function breakOff(
  fault: Exclude<AfterHandler, { kind: 'late' }>,
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<void> {
  const { socket } = request.raw;
  if (fault.kind === 'lost_answer') {
    socket.destroy();
    return;
  }
  const body = await bytesOf(payload);
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) reply.raw.setHeader(name, value);
  reply.raw.setHeader('content-length', body.length);
  reply.raw.writeHead(reply.statusCode);
  reply.raw.write(body.subarray(0, Math.floor(body.length / 2)), () => {
    if (fault.end === 'close') socket.destroy();
  });
}

async function bytesOf(payload: unknown): Promise<Buffer> {
  if (payload === null || payload === undefined) return Buffer.alloc(0);
  if (typeof payload === 'string' || payload instanceof Uint8Array) return Buffer.from(payload as string);
  const chunks: Buffer[] = [];
  for await (const chunk of payload as AsyncIterable<Uint8Array>) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
