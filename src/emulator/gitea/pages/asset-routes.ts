import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ForgeContext } from '../context.ts';
import { identicon } from './identicon.ts';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
  '.map': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};
const own = join(import.meta.dirname, 'assets');

/**
 * Files under `/assets/`: the custom folder's come first, then the emulator's own; cached and not compressed,
 * as Gitea serves them. `/avatars/HASH` draws a picture from the hash.
 */
export function registerAssets(app: FastifyInstance, forge: ForgeContext): void {
  app.get('/assets/*', async (request, reply) => {
    const path = normalize((request.params as { '*': string })['*']);
    if (path.startsWith('..') || path.includes('\0')) return reply.code(404).send('Not Found');
    for (const folder of [join(forge.settings.customDir, 'public/assets'), own]) {
      if (await sendFile(reply, folder, path, request.headers['if-modified-since'])) return reply;
    }
    return reply.code(404).type('text/plain').send('Not Found');
  });
  app.get('/avatars/:hash', (request, reply) => {
    const { hash } = request.params as { hash: string };
    if (!/^[\da-f]{8,64}$/.test(hash)) return reply.code(404).type('text/plain').send('Not Found');
    return reply
      .type('image/svg+xml')
      .header('cache-control', 'public, max-age=21600')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .send(identicon(hash));
  });
}

async function sendFile(
  reply: FastifyReply,
  folder: string,
  path: string,
  since: string | undefined,
): Promise<boolean> {
  const file = join(folder, path);
  if (!file.startsWith(folder + sep)) return false;
  const found = await stat(file).catch(() => undefined);
  if (found === undefined || !found.isFile()) return false;
  const modified = new Date(Math.floor(found.mtimeMs / 1000) * 1000);
  reply
    .header('cache-control', 'public, max-age=21600')
    .header('last-modified', modified.toUTCString())
    .header('x-content-type-options', 'nosniff')
    .type(types[extname(file)] ?? 'application/octet-stream');
  if (since !== undefined && new Date(since) >= modified) await reply.code(304).send();
  else await reply.header('content-length', found.size).send(createReadStream(file));
  return true;
}
