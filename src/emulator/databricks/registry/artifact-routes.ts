import type { FastifyInstance } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { optionalText, text } from '../mlflow/fields.ts';
import { fileInfos } from '../mlflow/files/file-infos.ts';
import { entryAt, requireFile } from '../mlflow/files/file-store.ts';
import { below, safeSegments } from '../mlflow/files/safe-path.ts';
import { sendFile } from '../mlflow/files/send-file.ts';
import { message } from '../mlflow/message.ts';
import type { Registry } from './access.ts';
import { registryAccess } from './access.ts';
import { createSignedLinks } from './signed-links.ts';

/** Where signed links lead; no token is asked for there. */
const storage = '/registry-storage';

/**
 * How a version's files are read: listed, then fetched by a signed link each (mlflow
 * `store/artifact/databricks_models_artifact_repo.py`). Nobody writes them after registration.
 */
export function registerRegistryArtifacts(
  app: FastifyInstance,
  context: WorkspaceContext,
  registry: Registry,
): void {
  const { call, version: versionOf } = registryAccess(app, context, registry);
  const links = createSignedLinks(context);

  call('GET', 'model-versions/list-artifacts', async (fields, principal) => {
    const base = registry.files.folder(versionOf(principal, 'CAN_READ', fields).version);
    const inner = optionalText(fields, 'path') ?? '';
    const file = await entryAt(below(base, safeSegments(inner)));
    if (file && !file.isDirectory) return { files: [{ path: inner, is_dir: false, file_size: file.size }] };
    return message({ files: await fileInfos(base, inner) });
  });

  call('GET', 'model-versions/get-signed-download-uri', async (fields, principal) => {
    const { version } = versionOf(principal, 'CAN_READ', fields);
    const segments = safeSegments(text(fields, 'path'));
    await requireFile(below(registry.files.folder(version), segments));
    const path = [version.id, ...segments].map(encodeURIComponent).join('/');
    return {
      signed_uri: `${context.settings.host}${storage}/${path}?${links.query([version.id, ...segments].join('/'))}`,
    };
  });

  app.get(`${storage}/*`, (request, reply) => {
    const named = (request.params as { '*': string })['*'];
    links.require(named, request.query as { expires?: string; signature?: string });
    const [id = '', ...segments] = safeSegments(named);
    if (!/^[0-9a-f]{32}$/.test(id)) throw new ApiError('NOT_FOUND', `No file at '${named}'.`);
    return sendFile(request, reply, below(registry.files.folder({ id }), segments));
  });
}
