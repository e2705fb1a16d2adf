import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../../errors.ts';
import type { Entry } from './file-store.ts';
import { readFile, requireFile } from './file-store.ts';

/** The headers that describe a file, without its length. */
export function describeFile(reply: FastifyReply, entry: Entry): FastifyReply {
  return reply
    .header('last-modified', new Date(entry.modified).toUTCString())
    .header('accept-ranges', 'bytes')
    .type('application/octet-stream');
}

/**
 * Answers with a file's bytes, or with the part that a Range header asks for, unless it changed since
 * If-Unmodified-Since (a download that goes on must not mix two files). @throws ApiError 404, 412, 416
 */
export async function sendFile(request: FastifyRequest, reply: FastifyReply, path: string) {
  const entry = await requireFile(path);
  // The header has whole seconds; without it, or with one that is no date, the comparison is false.
  if (Math.floor(entry.modified / 1000) * 1000 > Date.parse(request.headers['if-unmodified-since'] ?? ''))
    throw new ApiError('BAD_REQUEST', 'The file was changed in the meantime.', { status: 412 });
  const range = rangeOf(request.headers.range, entry.size);
  describeFile(reply, entry);
  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${entry.size}`);
  reply.header('content-length', range ? range.end - range.start + 1 : entry.size);
  return reply.send(readFile(path, range));
}

/** `bytes=a-b` of a file of `size` bytes; undefined for the whole. @throws ApiError 416 */
function rangeOf(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (start >= size || start > end)
    throw new ApiError('BAD_REQUEST', `The range ${header} is not within ${size} bytes.`, { status: 416 });
  return { start, end };
}
