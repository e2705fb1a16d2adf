import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import { firstSeen } from './poll.ts';

/** Stands between the forge and the backend and notes when a delivery was sent. */
export interface HookRelay {
  /** Where the forge's webhook points to meanwhile. */
  url: string;
  /** When the first delivery of this event that names the commit had arrived here (`performance.now()`). */
  sent(event: 'push' | 'pull_request', commit: string): Promise<number>;
  close(): void;
}

/**
 * A relay on loopback: the delivery's bytes and headers go on to the backend unchanged, and its answer comes back.
 * A delivery counts as sent when its last byte is here, which is before the backend has any of it.
 *
 * @param target the backend's webhook address
 */
export async function startHookRelay(target: string): Promise<HookRelay> {
  const seen: { event: unknown; text: string; at: number }[] = [];
  const server = createServer((request, response) => {
    forward(request).then(
      ({ status, body }) => response.writeHead(status).end(body),
      () => response.writeHead(502).end(),
    );
  });

  async function forward(request: IncomingMessage): Promise<{ status: number; body: Buffer }> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const at = performance.now();
    seen.push({ event: request.headers['x-gitea-event'], text: body.toString('utf8'), at });
    const headers = Object.entries(request.headers).flatMap(([name, value]) =>
      typeof value === 'string' && !['host', 'connection', 'content-length'].includes(name)
        ? [[name, value] as [string, string]]
        : [],
    );
    const answer = await fetch(target, { method: 'POST', headers, body: new Uint8Array(body) });
    return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}${new URL(target).pathname}`,
    async sent(event, commit) {
      const { value } = await firstSeen(`the ${event} delivery of ${commit}`, async () =>
        seen.find((delivery) => delivery.event === event && delivery.text.includes(commit)),
      );
      return value.at;
    },
    close: () => void server.close(),
  };
}
