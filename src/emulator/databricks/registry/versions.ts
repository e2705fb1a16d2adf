import { randomUUID } from 'node:crypto';
import type { Principal, WorkspaceContext } from '../context.ts';
import { ApiError, invalid } from '../errors.ts';
import type { KeyValue } from '../mlflow/tag-table.ts';
import { tagTable } from '../mlflow/tag-table.ts';
import { requireKey } from '../mlflow/validation.ts';
import type { RegistryModel, RegistryModels } from './models.ts';
import type { Stage } from './stages.ts';
import { isActive } from './stages.ts';

/** A version of a model in the workspace registry; times in milliseconds. */
export interface RegistryVersion {
  /** Names its folder on disk. */
  id: string;
  /** The model's id. */
  model: string;
  version: number;
  source: string;
  run_id: string | null;
  run_link: string | null;
  /** The logged model (MLflow 3) that it was made from. */
  logged_model: string | null;
  description: string;
  stage: Stage;
  status: 'PENDING_REGISTRATION' | 'READY' | 'FAILED_REGISTRATION';
  /** Why registering failed; empty otherwise. */
  status_message: string;
  user_id: string;
  created_at: number;
  updated_at: number;
  /** When it came into its stage. */
  staged_at: number;
}

interface NewVersion {
  source: string;
  runId: string | undefined;
  runLink: string | undefined;
  loggedModel: string | undefined;
  description: string;
  tags: KeyValue[];
}

export type RegistryVersions = ReturnType<typeof createRegistryVersions>;

/** Versions with their stages. A new one is pending until its files were copied from its source (version-files.ts). */
export function createRegistryVersions(context: WorkspaceContext, models: RegistryModels) {
  const { db, clock } = context;
  const tags = tagTable(db, 'registry_version_tags', 'version');

  function get(model: RegistryModel, version: number): RegistryVersion {
    const row = db
      .prepare('select * from registry_versions where model = ? and version = ?')
      .get(model.id, version);
    if (!row)
      throw new ApiError(
        'RESOURCE_DOES_NOT_EXIST',
        `Model Version (name=${model.name}, version=${version}) does not exist.`,
      );
    return row as unknown as RegistryVersion;
  }

  function put(version: RegistryVersion, change: Partial<RegistryVersion>): void {
    const next = { ...version, ...change, updated_at: clock.now() };
    db.prepare(
      `update registry_versions set description = ?, stage = ?, staged_at = ?, status = ?, status_message = ?,
         updated_at = ? where id = ?`,
    ).run(
      next.description,
      next.stage,
      next.staged_at,
      next.status,
      next.status_message,
      next.updated_at,
      next.id,
    );
  }

  /** Newest first. */
  const of = (model: RegistryModel) =>
    db
      .prepare('select * from registry_versions where model = ? order by version desc')
      .all(model.id) as unknown as RegistryVersion[];

  return {
    /** @throws ApiError 404 */
    get,
    of,
    tags,
    create(principal: Principal, model: RegistryModel, given: NewVersion): RegistryVersion {
      const id = randomUUID().replaceAll('-', '');
      const now = clock.now();
      return context.transaction(() => {
        const number = models.takeNumber(model);
        db.prepare(
          `insert into registry_versions values
             (?, ?, ?, ?, ?, ?, ?, ?, 'None', 'PENDING_REGISTRATION', '', ?, ?, ?, ?)`,
        ).run(
          id,
          model.id,
          number,
          given.source,
          given.runId ?? null,
          given.runLink ?? null,
          given.loggedModel ?? null,
          given.description,
          principal.name,
          now,
          now,
          now,
        );
        for (const { key, value } of given.tags) {
          requireKey('tag', key);
          tags.set(id, key, value);
        }
        models.touch(model);
        return get(model, number);
      });
    },
    describe: (version: RegistryVersion, description: string) => put(version, { description }),
    /** Says how copying its files ended. @returns false when the version was deleted meanwhile. */
    settle(id: string, status: 'READY' | 'FAILED_REGISTRATION', message: string): boolean {
      const version = db.prepare('select * from registry_versions where id = ?').get(id);
      if (version) put(version as unknown as RegistryVersion, { status, status_message: message });
      return version !== undefined;
    },
    /** Versions whose files are still to be copied. */
    pending: () =>
      db
        .prepare(`select * from registry_versions where status = 'PENDING_REGISTRATION'`)
        .all() as unknown as RegistryVersion[],
    /** Moves a version; the others of an active stage are archived with it where that is asked for. */
    transition(model: RegistryModel, version: RegistryVersion, to: Stage, archiveOthers: boolean): void {
      if (archiveOthers && !isActive(to))
        throw invalid(
          `Model version transition cannot archive existing model versions because '${to}' is not an Active stage. Valid stages are Staging, Production`,
        );
      const now = clock.now();
      context.transaction(() => {
        const others = archiveOthers
          ? of(model).filter(({ id, stage }) => id !== version.id && stage === to)
          : [];
        for (const other of others) put(other, { stage: 'Archived', staged_at: now });
        put(version, { stage: to, staged_at: now });
        models.touch(model);
      });
    },
    /** @throws ApiError 400 while the version is in Staging or Production. */
    remove(model: RegistryModel, version: RegistryVersion): void {
      if (isActive(version.stage))
        throw new ApiError(
          'INVALID_STATE',
          `Version ${version.version} of '${model.name}' is in stage ${version.stage}: only versions in None or Archived can be deleted.`,
        );
      context.transaction(() => {
        models.aliases.removeVersion(model.id, version.version);
        db.prepare('delete from registry_version_tags where version = ?').run(version.id);
        db.prepare('delete from registry_versions where id = ?').run(version.id);
        models.touch(model);
      });
    },
    /** The newest version of each stage that is asked for; of every stage when none is. */
    latest(model: RegistryModel, stages: readonly Stage[]): RegistryVersion[] {
      const newest = new Map<Stage, RegistryVersion>();
      for (const version of of(model)) if (!newest.has(version.stage)) newest.set(version.stage, version);
      return [...newest.values()]
        .filter(({ stage }) => stages.length === 0 || stages.includes(stage))
        .toSorted((a, b) => a.version - b.version);
    },
  };
}
