import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Principal, WorkspaceContext } from '../context.ts';
import { artifactSource } from '../mlflow/artifacts.ts';
import { entryAt } from '../mlflow/files/file-store.ts';
import type { RegistryModels } from './models.ts';
import type { RegistryVersion, RegistryVersions } from './versions.ts';

export type VersionFiles = ReturnType<typeof createVersionFiles>;

/**
 * Where the files of versions lie: each version has a copy of its source, which the run may change or lose
 * afterwards. Copying goes on in the background, as on Databricks: a version is PENDING_REGISTRATION meanwhile.
 */
export function createVersionFiles(
  context: WorkspaceContext,
  models: RegistryModels,
  versions: RegistryVersions,
) {
  const going = new Set<Promise<void>>();
  const folder = (version: Pick<RegistryVersion, 'id'>) =>
    join(context.settings.dataDir, 'registry', version.id);

  /** What a `source` names: `dbfs:/databricks/mlflow-tracking/…` or `models:/{name}/{version}`. */
  function sourceOf(uri: string) {
    const [, name, number] = /^models:\/([^/]+)\/(\d{1,15})$/.exec(uri) ?? [];
    if (name === undefined) return artifactSource(context.settings.dataDir, uri);
    const model = models.get(decodeURIComponent(name));
    return {
      folder: folder(versions.get(model, Number(number))),
      read: { type: 'registered-models' as const, id: model.id },
    };
  }

  async function copy(version: RegistryVersion): Promise<void> {
    const target = folder(version);
    try {
      const from = sourceOf(version.source)?.folder;
      if (from === undefined || !(await entryAt(from))?.isDirectory)
        throw new Error(`The given source path \`${version.source}\` does not exist.`);
      const partial = `${target}.partial`;
      await rm(partial, { recursive: true, force: true });
      await cp(from, partial, { recursive: true });
      await rename(partial, target);
      if (!versions.settle(version.id, 'READY', '')) await rm(target, { recursive: true, force: true });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      versions.settle(version.id, 'FAILED_REGISTRATION', `Failed registration. ${message}`);
    }
  }

  function start(version: RegistryVersion): void {
    const work = copy(version).finally(() => going.delete(work));
    going.add(work);
  }

  context.onClose(async () => {
    await Promise.all(going);
  });

  return {
    folder,
    /** Copies the version's source into its folder. */
    start,
    /** Goes on with what a stop cut off. */
    resume(): void {
      for (const version of versions.pending()) start(version);
    },
    /** @throws ApiError 403 unless the principal may read what `source` names; what names nothing fails later. */
    requireReadable(principal: Principal, source: string): void {
      const found = sourceOf(source);
      if (found) context.permissions.requireObject(principal, 'CAN_READ', found.read.type, found.read.id);
    },
    /** Where a version's files are, in the words of the API; nobody reaches them by DBFS. */
    uri: (version: RegistryVersion) => `dbfs:/databricks/mlflow-registry/${version.id}/models`,
    /** Deletes the files of a version that was removed. */
    async remove(version: RegistryVersion): Promise<void> {
      await rm(folder(version), { recursive: true, force: true });
    },
  };
}
