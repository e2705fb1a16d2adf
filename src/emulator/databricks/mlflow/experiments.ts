import { randomInt } from 'node:crypto';
import type { Principal, WorkspaceContext } from '../context.ts';
import { ApiError, invalid } from '../errors.ts';
import { parseWorkspacePath } from '../files/workspace-path.ts';
import type { KeyValue } from './tag-table.ts';
import { tagTable } from './tag-table.ts';
import { limits, requireKey, requireLength } from './validation.ts';

export type LifecycleStage = 'active' | 'deleted';

export interface Experiment {
  experiment_id: string;
  /** A workspace path, `/Shared/gitea/7`. */
  name: string;
  artifact_location: string;
  lifecycle_stage: LifecycleStage;
  /** Milliseconds since the epoch, as are all times here. */
  creation_time: number;
  last_update_time: number;
  tags: KeyValue[];
}

export const noExperiment = (what: string) =>
  new ApiError('RESOURCE_DOES_NOT_EXIST', `Experiment ${what} does not exist.`);

/** @throws ApiError 400 for what can be no experiment's id. */
export function requireExperimentId(id: string): void {
  if (!/^\d+$/.test(id))
    throw invalid(`Invalid experiment ID '${id}'. Experiment ID must be a valid integer.`);
}

/** @throws ApiError 400 for a deleted experiment. */
export function requireActiveExperiment(experiment: Experiment): void {
  if (experiment.lifecycle_stage !== 'active')
    throw invalid(
      `The experiment ${experiment.experiment_id} must be in the 'active' state. Current state is ${experiment.lifecycle_stage}.`,
    );
}

/** Where the workspace keeps an experiment's artifacts; mlflow turns this form into Files API calls. */
export const artifactLocation = (experimentId: string) => `dbfs:/databricks/mlflow-tracking/${experimentId}`;

export type Experiments = ReturnType<typeof createExperiments>;

/** Experiments: named by a workspace path, permitted by their own levels and those of the folder they lie in. */
export function createExperiments(context: WorkspaceContext) {
  const { db, permissions, clock } = context;
  const tags = tagTable(db, 'mlflow_experiment_tags', 'experiment_id');

  const withTags = (row: Record<string, unknown>): Experiment => ({
    ...(row as unknown as Omit<Experiment, 'tags'>),
    tags: tags.list(row.experiment_id as string),
  });

  function find(experimentId: string): Experiment | undefined {
    const row = db.prepare('select * from mlflow_experiments where experiment_id = ?').get(experimentId);
    return row && withTags(row);
  }

  /** A name in its normal form, `/Shared/x` also for `/Workspace/Shared/x`. @throws ApiError 400 */
  function freeName(given: string): string {
    const name = given.startsWith('/') ? parseWorkspacePath(given) : given;
    requireLength('Experiment name', name, limits.experimentNameLength);
    if (!name.startsWith('/') || name === '/')
      throw invalid(
        `Got an invalid experiment name '${name}'. An experiment name must be an absolute path within the Databricks workspace, e.g. '/Users/<some-username>/my-experiment'.`,
      );
    if (db.prepare('select 1 from mlflow_experiments where name = ?').get(name))
      throw new ApiError('RESOURCE_ALREADY_EXISTS', `Node named '${name}' already exists`);
    return name;
  }

  /** The id of the folder that a path lies in. @throws ApiError unless it exists and the principal may write there. */
  function placeIn(principal: Principal, name: string): number {
    const folder = name.slice(0, name.lastIndexOf('/')) || '/';
    const id = context.files.find(folder)?.id;
    if (id === undefined)
      throw new ApiError('RESOURCE_DOES_NOT_EXIST', `Workspace directory '${folder}' not found.`);
    permissions.requireObject(principal, 'CAN_EDIT', 'directories', id);
    return id;
  }

  function get(experimentId: string): Experiment {
    requireExperimentId(experimentId);
    const found = find(experimentId);
    if (!found) throw noExperiment(`with id '${experimentId}'`);
    return found;
  }

  function requireTag(key: string, value: string): void {
    requireKey('tag', key);
    requireLength('Experiment tag value', value, limits.experimentTagLength);
  }

  return {
    /** @throws ApiError 400 for what is no id, 404 for one that is unknown. */
    get,
    findByName(name: string): Experiment | undefined {
      const path = name.startsWith('/') ? parseWorkspacePath(name) : name;
      const row = db.prepare('select * from mlflow_experiments where name = ?').get(path);
      return row && withTags(row);
    },
    create(principal: Principal, givenName: string, given: KeyValue[]): string {
      const name = freeName(givenName);
      const folder = placeIn(principal, name);
      for (const { key, value } of given) requireTag(key, value);
      const id = String(randomInt(1e14, 2.8e14));
      const now = clock.now();
      context.transaction(() => {
        db.prepare(`insert into mlflow_experiments values (?, ?, ?, 'active', ?, ?)`).run(
          id,
          name,
          artifactLocation(id),
          now,
          now,
        );
        // What a workspace adds by itself (databricks/cli libs/testserver/experiments.go, which copies it).
        const own = [
          { key: 'mlflow.experiment.sourceName', value: name },
          { key: 'mlflow.ownerId', value: principal.id },
          { key: 'mlflow.ownerEmail', value: principal.name },
          { key: 'mlflow.experimentType', value: 'MLFLOW_EXPERIMENT' },
        ];
        for (const { key, value } of [...own, ...given]) tags.set(id, key, value);
        permissions.setParent('experiments', id, 'directories', folder);
        permissions.setLevel('experiments', id, principal.name, 'CAN_MANAGE');
      });
      return id;
    },
    rename(principal: Principal, experimentId: string, givenName: string): void {
      if (get(experimentId).lifecycle_stage !== 'active')
        throw new ApiError('INVALID_STATE', 'Cannot rename a non-active experiment.');
      const name = freeName(givenName);
      const folder = placeIn(principal, name);
      context.transaction(() => {
        db.prepare(
          'update mlflow_experiments set name = ?, last_update_time = ? where experiment_id = ?',
        ).run(name, clock.now(), experimentId);
        tags.set(experimentId, 'mlflow.experiment.sourceName', name);
        permissions.setParent('experiments', experimentId, 'directories', folder);
      });
    },
    /** Deletes it with its runs or brings it back with all of them. @throws ApiError 404 unless it is in the other stage. */
    setStage(experimentId: string, stage: LifecycleStage): void {
      if (get(experimentId).lifecycle_stage === stage)
        throw noExperiment(`with id '${experimentId}' that is not ${stage}`);
      context.transaction(() => {
        db.prepare(
          'update mlflow_experiments set lifecycle_stage = ?, last_update_time = ? where experiment_id = ?',
        ).run(stage, clock.now(), experimentId);
        db.prepare('update mlflow_runs set lifecycle_stage = ? where experiment_id = ?').run(
          stage,
          experimentId,
        );
      });
    },
    setTag(experimentId: string, key: string, value: string): void {
      requireActiveExperiment(get(experimentId));
      requireTag(key, value);
      tags.set(experimentId, key, value);
    },
    removeTag(experimentId: string, key: string): void {
      requireActiveExperiment(get(experimentId));
      tags.remove(experimentId, key);
    },
    /** Every experiment of these stages that the principal may read, the last changed first. */
    readable(principal: Principal, stages: readonly LifecycleStage[]): Experiment[] {
      return db
        .prepare(
          `select * from mlflow_experiments where lifecycle_stage in (select value from json_each(?))
             order by last_update_time desc, experiment_id desc`,
        )
        .all(JSON.stringify(stages))
        .filter((row) =>
          permissions.allowsObject(principal, 'CAN_READ', 'experiments', row.experiment_id as string),
        )
        .map(withTags);
    },
  };
}
