import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Json } from '../body.ts';
import { bodyOf, flag, optionalInteger, optionalString, paramOf, queryOf, requiredString } from '../body.ts';
import type { WorkspaceContext } from '../context.ts';
import { ApiError, invalid } from '../errors.ts';
import type { Language } from '../notebook/cell.ts';
import { exportNotebook } from './export-format.ts';
import { headerLength, importTarget, recognise } from './import-format.ts';
import type { WorkspaceObject } from './workspace-files.ts';
import { nameOf, parentOf, parseWorkspacePath } from './workspace-path.ts';

/** `workspace/import` takes and `workspace/export` gives at most this many bytes. */
const importLimit = 10 * 1024 * 1024;
const formats = ['SOURCE', 'AUTO', 'RAW', 'JUPYTER'];

/** `/api/2.0/workspace/*` and `/api/2.0/workspace-files/import-file/*`. */
export function registerFiles(app: FastifyInstance, context: WorkspaceContext): void {
  const { files } = context;

  function read(request: FastifyRequest, source: Json): { object: WorkspaceObject; asked: string } {
    const principal = context.authorize(request);
    const asked = requiredString(source, 'path');
    return { object: files.readable(principal, parseWorkspacePath(asked)), asked };
  }

  /** Checks that something may be written at the path. @returns what is there now. */
  function writable(request: FastifyRequest, path: string): WorkspaceObject | undefined {
    const principal = context.authorize(request);
    const present = files.find(path);
    files.require(principal, present ? 'CAN_EDIT' : 'CAN_MANAGE', parentOf(path) ?? '/');
    return present;
  }

  app.post('/api/2.0/workspace/mkdirs', async (request) => {
    const principal = context.authorize(request);
    const path = parseWorkspacePath(requiredString(bodyOf(request), 'path'));
    if (files.find(path)?.type === 'DIRECTORY') {
      files.require(principal, 'CAN_READ', path);
      return {};
    }
    files.require(principal, 'CAN_MANAGE', path);
    files.makeFolders(path, principal);
    return {};
  });

  app.get('/api/2.0/workspace/get-status', async (request) => {
    const { object, asked } = read(request, queryOf(request));
    return render(object, asked);
  });

  app.get('/api/2.0/workspace/list', async (request) => {
    const { object, asked } = read(request, queryOf(request));
    const since = optionalInteger(queryOf(request), 'notebooks_modified_after') ?? 0;
    const found = (object.type === 'DIRECTORY' ? files.children(object.path) : [object]).filter(
      ({ type, modifiedAt }) => type !== 'NOTEBOOK' || modifiedAt >= since,
    );
    return found.length === 0 ? {} : { objects: found.map((child) => render(child, asked)) };
  });

  app.post('/api/2.0/workspace/delete', async (request) => {
    const principal = context.authorize(request);
    const body = bodyOf(request);
    const path = parseWorkspacePath(requiredString(body, 'path'));
    files.require(principal, 'CAN_MANAGE', path);
    if (['/', '/Users', '/Shared'].includes(path)) throw invalid(`Folder ${path} is protected.`);
    const object = files.existing(path);
    if (!flag(body, 'recursive') && files.children(path).length > 0)
      throw new ApiError('DIRECTORY_NOT_EMPTY', `Folder ${path} is not empty`);
    await files.remove(object);
    return {};
  });

  app.get('/api/2.0/workspace/export', async (request, reply) => {
    const query = queryOf(request);
    const { object } = read(request, query);
    if (object.type === 'DIRECTORY') throw invalid(`Path (${object.path}) is a folder; export its files.`);
    const disk = files.diskPath(object.path);
    if (object.size > importLimit && !(object.type === 'FILE' && flag(query, 'direct_download')))
      throw new ApiError('MAX_NOTEBOOK_SIZE_EXCEEDED', `Path (${object.path}) is larger than 10 MB.`);
    const notebook =
      object.type === 'NOTEBOOK' &&
      exportNotebook(
        await readFile(disk, 'utf8'),
        object.language as Language,
        optionalString(query, 'format') ?? 'SOURCE',
      );
    if (flag(query, 'direct_download')) {
      const name = nameOf(object.path) + (notebook ? `.${notebook.type}` : '');
      reply.header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(name)}`);
      return reply
        .type('application/octet-stream')
        .send(notebook ? Buffer.from(notebook.content) : createReadStream(disk));
    }
    if (notebook)
      return { content: Buffer.from(notebook.content).toString('base64'), file_type: notebook.type };
    return { content: (await readFile(disk)).toString('base64'), file_type: 'file' };
  });

  app.post('/api/2.0/workspace/import', async (request) => {
    const { fields: body, bytes } = await importedContent(request);
    const asked = parseWorkspacePath(requiredString(body, 'path'));
    const format = optionalString(body, 'format') ?? 'SOURCE';
    if (!formats.includes(format)) throw invalid(`format must be one of ${formats.join(', ')}.`);
    const language = optionalString(body, 'language');
    if (bytes.length > importLimit)
      throw new ApiError('MAX_NOTEBOOK_SIZE_EXCEEDED', 'The content is larger than 10 MB.');
    if (format === 'SOURCE' && language === undefined)
      throw invalid('format SOURCE needs language; AUTO and RAW do not.');
    const target = importTarget(asked, format, language, bytes);
    if (writable(request, target.path) && !flag(body, 'overwrite'))
      throw new ApiError('RESOURCE_ALREADY_EXISTS', `Path (${target.path}) already exists.`);
    await files.write(target.path, target.type, target.language, Readable.from([bytes]));
    return {};
  });

  // The body is the file's bytes whatever type it claims, so this one route parses nothing.
  app.register(async (raw) => {
    raw.removeAllContentTypeParsers();
    raw.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    raw.post('/api/2.0/workspace-files/import-file/*', async (request) => {
      const asked = parseWorkspacePath(`/${paramOf(request, '*').replace(/^\/+/, '')}`);
      writable(request, asked);
      const { start, body } = await peek(request.body instanceof Readable ? request.body : Readable.from([]));
      const target = recognise(asked, start);
      if (writable(request, target.path) && !flag(queryOf(request), 'overwrite')) {
        const message = `Path (${target.path}) already exists.`;
        // A notebook in the way is answered 400, a file 409 (databricks CLI, workspace files client).
        if (target.type === 'NOTEBOOK') throw new ApiError('RESOURCE_ALREADY_EXISTS', message);
        throw new ApiError('ALREADY_EXISTS', message);
      }
      await files.write(target.path, target.type, target.language, body);
      return {};
    });
  });
}

/** Fields and bytes of `workspace/import`: JSON with base64, or (as databricks-sdk uploads) a multipart form. */
async function importedContent(request: FastifyRequest): Promise<{ fields: Json; bytes: Buffer }> {
  const type = request.headers['content-type'] ?? '';
  if (!type.startsWith('multipart/form-data') || !(request.body instanceof Readable)) {
    const fields = bodyOf(request);
    return { fields, bytes: Buffer.from(optionalString(fields, 'content') ?? '', 'base64') };
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += (chunk as Buffer).length;
    if (length > importLimit + 65_536)
      throw new ApiError('MAX_NOTEBOOK_SIZE_EXCEEDED', 'The content is larger than 10 MB.');
    chunks.push(chunk as Buffer);
  }
  try {
    const form = await new Response(Buffer.concat(chunks), { headers: { 'content-type': type } }).formData();
    const fields: Json = {};
    for (const [name, value] of form) if (typeof value === 'string') fields[name] = value;
    const content = form.get('content');
    const bytes =
      content instanceof Blob ? Buffer.from(await content.arrayBuffer()) : Buffer.from(content ?? '');
    return { fields, bytes };
  } catch {
    throw new ApiError('MALFORMED_REQUEST', 'The multipart form cannot be read.');
  }
}

/** The first bytes of a stream, and a stream of all of them. */
async function peek(stream: Readable): Promise<{ start: Buffer; body: Readable }> {
  const iterator = stream.iterator({ destroyOnReturn: false });
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < headerLength) {
    const next = await iterator.next();
    if (next.done) break;
    chunks.push(Buffer.from(next.value));
    length += chunks.at(-1)?.length ?? 0;
  }
  async function* all() {
    yield* chunks;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { start: Buffer.concat(chunks), body: Readable.from(all()) };
}

/** Answers name paths as the caller did: with the `/Workspace` prefix or without. */
function render(object: WorkspaceObject, asked: string) {
  const prefix = /^\/Workspace(\/|$)/.test(asked) ? '/Workspace' : '';
  return {
    object_type: object.type,
    path: `${prefix}${object.path}`,
    object_id: object.id,
    resource_id: String(object.id),
    created_at: object.createdAt,
    modified_at: object.modifiedAt,
    ...(object.type === 'FILE' && { size: object.size }),
    ...(object.language !== undefined && { language: object.language }),
  };
}
