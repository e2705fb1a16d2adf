import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Principal, WorkspaceContext } from '../context.ts';
import { ApiError, invalid } from '../errors.ts';
import type { KeyValue } from '../mlflow/tag-table.ts';
import { tagTable } from '../mlflow/tag-table.ts';
import type { Models } from './models.ts';

type VersionStatus = 'PENDING_REGISTRATION' | 'READY' | 'FAILED_REGISTRATION';

/** A model version; times in milliseconds. */
export interface Version {
  /** The model's full name. */
  model: string;
  version: number;
  id: string;
  source: string;
  run_id: string | null;
  run_workspace_id: string | null;
  /** The logged model (MLflow 3) that it was made from. */
  model_id: string | null;
  comment: string | null;
  status: VersionStatus;
  created_at: number;
  created_by: string;
  updated_at: number;
  updated_by: string;
}

interface NewVersion {
  source: string;
  runId: string | undefined;
  runWorkspaceId: string | undefined;
  modelId: string | undefined;
  comment: string | undefined;
  tags: KeyValue[];
}

/** A version's number as the API writes it. @throws ApiError 400 */
export function versionNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw invalid(`Invalid model version '${text}': expected a number.`);
  return Number(text);
}

export type Versions = ReturnType<typeof createVersions>;

/** The versions of registered models: pending until their files are uploaded and they are finalized, then fixed. */
export function createVersions(context: WorkspaceContext, models: Models) {
  const { db, clock } = context;
  const tags = tagTable(db, 'catalog_version_tags', 'version');
  const tagKey = (model: string, version: number) => `${model}/${version}`;

  function find(model: string, version: number): Version | undefined {
    return db.prepare('select * from catalog_versions where model = ? and version = ?').get(model, version) as
      | Version
      | undefined;
  }

  function get(model: string, version: number): Version {
    const found = find(model, version);
    if (!found)
      throw new ApiError(
        'RESOURCE_DOES_NOT_EXIST',
        `Model version '${version}' of '${model}' does not exist.`,
      );
    return found;
  }

  const touch = (principal: Principal, model: string, version: number) =>
    db
      .prepare('update catalog_versions set updated_at = ?, updated_by = ? where model = ? and version = ?')
      .run(clock.now(), principal.name, model, version);

  return {
    find,
    /** @throws ApiError 404 */
    get,
    create(principal: Principal, model: string, given: NewVersion): Version {
      return context.transaction(() => {
        const { next_version: number } = models.get(model);
        const now = clock.now();
        db.prepare('update catalog_models set next_version = ?, updated_at = ? where full_name = ?').run(
          number + 1,
          now,
          model,
        );
        db.prepare(
          `insert into catalog_versions values (?, ?, ?, ?, ?, ?, ?, ?, 'PENDING_REGISTRATION', ?, ?, ?, ?)`,
        ).run(
          model,
          number,
          randomUUID(),
          given.source,
          given.runId ?? null,
          given.runWorkspaceId ?? null,
          given.modelId ?? null,
          given.comment ?? null,
          now,
          principal.name,
          now,
          principal.name,
        );
        for (const { key, value } of given.tags) tags.set(tagKey(model, number), key, value);
        return get(model, number);
      });
    },
    /** Says that the files are complete: from now on they cannot be written. */
    finalize(principal: Principal, model: string, version: number): Version {
      const found = get(model, version);
      if (found.status === 'FAILED_REGISTRATION')
        throw new ApiError('INVALID_STATE', `Version ${version} of '${model}' failed to register.`);
      db.prepare(`update catalog_versions set status = 'READY' where model = ? and version = ?`).run(
        model,
        version,
      );
      touch(principal, model, version);
      return get(model, version);
    },
    setComment(principal: Principal, model: string, version: number, comment: string): Version {
      get(model, version);
      db.prepare('update catalog_versions set comment = ? where model = ? and version = ?').run(
        comment,
        model,
        version,
      );
      touch(principal, model, version);
      return get(model, version);
    },
    /** Deletes a version and the aliases that point to it. Its number is never given again. */
    remove(model: string, version: number): void {
      get(model, version);
      context.transaction(() => {
        models.aliases.removeVersion(model, version);
        db.prepare('delete from catalog_version_tags where version = ?').run(tagKey(model, version));
        db.prepare('delete from catalog_versions where model = ? and version = ?').run(model, version);
      });
    },
    /** Newest first. */
    of(model: string): Version[] {
      return db
        .prepare('select * from catalog_versions where model = ? order by version desc')
        .all(model) as unknown as Version[];
    },
    /** Every version that a run registered. */
    ofRun(runId: string): Version[] {
      return db
        .prepare('select * from catalog_versions where run_id = ? order by model, version desc')
        .all(runId) as unknown as Version[];
    },
    tags: (version: Version) => tags.list(tagKey(version.model, version.version)),
    setTag: (version: Version, key: string, value: string) =>
      tags.set(tagKey(version.model, version.version), key, value),
    removeTag: (version: Version, key: string) => tags.remove(tagKey(version.model, version.version), key),
    /** The folder on disk that holds a version's files. */
    folder: (version: Version) =>
      join(context.settings.dataDir, 'models', models.get(version.model).id, String(version.version)),
  };
}
