import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Principal, WorkspaceContext } from '../../context.ts';
import { invalid } from '../../errors.ts';
import type { Fields } from '../fields.ts';
import { optionalInteger, optionalText } from '../fields.ts';
import { pageOffset, pageToken } from '../page-token.ts';
import * as store from './file-store.ts';
import { below, safeSegments } from './safe-path.ts';
import { describeFile, sendFile } from './send-file.ts';

/**
 * Says where a path of the Files API lies on disk, as the root that its first segments name and the rest below it.
 * @throws ApiError 403 or 404 unless the principal may read or write there.
 */
export type Locate = (
  principal: Principal,
  segments: readonly string[],
  access: 'read' | 'write',
) => { root: string; rest: readonly string[] };

/**
 * The Files API (`/api/2.0/fs/files|directories`) of one tree, for instance `WorkspaceInternal/Mlflow/Artifacts`.
 * Bytes are streamed, whatever their content type; a HEAD answers without a body.
 */
export function registerFiles(
  app: FastifyInstance,
  context: WorkspaceContext,
  tree: string,
  locate: Locate,
): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));

    function resolve(request: FastifyRequest, access: 'read' | 'write'): { path: string; shown: string } {
      const principal = context.authorize(request);
      const named = (request.params as { '*': string })['*'];
      const { root, rest } = locate(principal, safeSegments(named), access);
      return { path: below(root, rest), shown: `/${tree}/${named.replace(/\/$/, '')}` };
    }

    const file = `/api/2.0/fs/files/${tree}/*`;
    scope.put(file, async (request, reply) => {
      const { path } = resolve(request, 'write');
      const overwrite = optionalText(request.query as Fields, 'overwrite') !== 'false';
      const body = request.body instanceof Readable ? request.body : Readable.from([]);
      await store.writeFile(path, body, overwrite);
      return reply.code(204).send();
    });
    // Large files: databricks-sdk (mixins/files.py) asks for a session, then for URLs of the cloud storage. There is
    // none behind this workspace, so that second call is 404, and the SDK sends the file in one PUT.
    scope.post(file, (request) => {
      resolve(request, 'write');
      const { action } = request.query as Fields;
      if (action !== 'initiate-upload')
        throw invalid(`Unknown action '${action}': expected initiate-upload.`);
      return { multipart_upload: { session_token: randomUUID() } };
    });
    scope.get(file, (request, reply) => sendFile(request, reply, resolve(request, 'read').path));
    scope.head(file, async (request, reply) => {
      const entry = await store.requireFile(resolve(request, 'read').path);
      return describeFile(reply, entry).header('content-length', entry.size).send();
    });
    scope.delete(file, async (request, reply) => {
      await store.removeFile(resolve(request, 'write').path);
      return reply.code(204).send();
    });

    const folder = `/api/2.0/fs/directories/${tree}/*`;
    scope.put(folder, async (request, reply) => {
      await store.makeFolder(resolve(request, 'write').path);
      return reply.code(204).send();
    });
    scope.head(folder, async (request, reply) => {
      await store.requireFolder(resolve(request, 'read').path);
      return reply.code(200).send();
    });
    scope.delete(folder, async (request, reply) => {
      await store.removeFolder(resolve(request, 'write').path);
      return reply.code(204).send();
    });
    scope.get(folder, async (request) => {
      const { path, shown } = resolve(request, 'read');
      const query = request.query as Fields;
      const size = Math.min(optionalInteger(query, 'page_size') ?? 1000, 1000) || 1000;
      const offset = pageOffset(optionalText(query, 'page_token'), shown);
      const entries = await store.listFolder(path);
      const more = offset + size < entries.length;
      return {
        contents: entries.slice(offset, offset + size).map((entry) => ({
          path: `${shown}/${entry.name}`,
          name: entry.name,
          is_directory: entry.isDirectory,
          ...(entry.isDirectory ? {} : { file_size: entry.size }),
          last_modified: entry.modified,
        })),
        ...(more ? { next_page_token: pageToken(offset + size, shown) } : {}),
      };
    });
  });
}
