import type { FastifyInstance } from 'fastify';
import type { Json } from '../body.ts';
import {
  bodyOf,
  flag,
  isObject,
  optionalInteger,
  optionalString,
  optionalStrings,
  queryOf,
  requiredInteger,
} from '../body.ts';
import type { WorkspaceContext } from '../context.ts';
import { invalid } from '../errors.ts';
import type { Scheduler } from '../execution/scheduler.ts';
import { parseAccessControlList } from '../permission/access-control-list.ts';
import { createJobStore } from './job-store.ts';
import { renderJob, renderListedJob } from './job-view.ts';
import { pageStart, takePage } from './paging.ts';
import { jobsPaths } from './paths.ts';
import type { RunStore } from './run-store.ts';
import { parseRunAs, parseSettings } from './settings.ts';
import { firstTask } from './task-pages.ts';

/** Lists whose entries `update` replaces by their key instead of as a whole. */
const keyed: Record<string, string> = {
  tasks: 'task_key',
  environments: 'environment_key',
  job_clusters: 'job_cluster_key',
  parameters: 'name',
};

/** create, get, list, reset, update and delete of saved jobs. */
export function registerJobDefinitions(
  app: FastifyInstance,
  context: WorkspaceContext,
  runs: RunStore,
  scheduler: Scheduler,
): void {
  const { permissions } = context;
  const jobs = createJobStore(context);

  for (const base of jobsPaths) {
    app.post(`${base}/create`, async (request) => {
      const principal = context.authorize(request);
      const { access_control_list: list, ...source } = bodyOf(request);
      const settings = parseSettings(source, 'Untitled');
      const runAs = parseRunAs(source, principal, context);
      const readers = parseAccessControlList('jobs', { access_control_list: list });
      const id = runs.nextId();
      context.transaction(() => {
        jobs.add({
          id,
          name: settings.name,
          creator: principal.name,
          runAs,
          source,
          createdAt: context.clock.now(),
        });
        for (const entry of readers) permissions.setLevel('jobs', id, entry.principal, entry.level);
        permissions.setLevel('jobs', id, principal.name, 'IS_OWNER');
      });
      return { job_id: id };
    });

    app.get(`${base}/get`, async (request) => {
      const principal = context.authorize(request);
      const query = queryOf(request);
      const id = requiredInteger(query, 'job_id');
      permissions.requireObject(principal, 'CAN_VIEW', 'jobs', id);
      return renderJob(jobs.get(id), firstTask(query));
    });

    app.get(`${base}/list`, async (request) => {
      const principal = context.authorize(request);
      const query = queryOf(request);
      const limit = optionalInteger(query, 'limit') ?? 20;
      if (limit < 1 || limit > 100) throw invalid('limit must be between 1 and 100.');
      const start = pageStart(query);
      const visible = jobs
        .beside(optionalString(query, 'name'), start)
        .filter(({ id }) => permissions.allowsObject(principal, 'CAN_VIEW', 'jobs', id));
      const { page, links } = takePage(visible, start, limit);
      const expand = flag(query, 'expand_tasks');
      return {
        ...(page.length > 0 && { jobs: page.map((job) => renderListedJob(job, { tasks: expand })) }),
        ...links,
      };
    });

    app.post(`${base}/reset`, async (request) => {
      const principal = context.authorize(request);
      const body = bodyOf(request);
      const id = requiredInteger(body, 'job_id');
      permissions.requireObject(principal, 'CAN_MANAGE', 'jobs', id);
      const job = jobs.get(id);
      const source = isObject(body.new_settings) ? body.new_settings : {};
      const { name } = parseSettings(source, job.name);
      const runAs = source.run_as === undefined ? job.runAs : parseRunAs(source, principal, context);
      jobs.replace({ id, name, runAs, source });
      return {};
    });

    app.post(`${base}/update`, async (request) => {
      const principal = context.authorize(request);
      const body = bodyOf(request);
      const id = requiredInteger(body, 'job_id');
      permissions.requireObject(principal, 'CAN_MANAGE', 'jobs', id);
      const job = jobs.get(id);
      const changes = isObject(body.new_settings) ? body.new_settings : {};
      const source = merge(job.source, changes, optionalStrings(body, 'fields_to_remove'));
      const { name } = parseSettings(source, job.name);
      const runAs = changes.run_as === undefined ? job.runAs : parseRunAs(changes, principal, context);
      jobs.replace({ id, name, runAs, source });
      return {};
    });

    app.post(`${base}/delete`, async (request) => {
      const principal = context.authorize(request);
      const id = requiredInteger(bodyOf(request), 'job_id');
      permissions.requireObject(principal, 'CAN_MANAGE', 'jobs', id);
      jobs.get(id);
      for (const run of runs.active()) if (run.jobId === id) scheduler.cancel(run.id);
      context.transaction(() => {
        jobs.remove(id);
        permissions.removeObject('jobs', id);
      });
      return {};
    });
  }
}

/** Partial update as Databricks does it: fields replace fields, keyed lists are merged by key. */
function merge(source: Json, changes: Json, removed: readonly string[]): Json {
  const merged: Json = { ...source };
  for (const [field, value] of Object.entries(changes)) {
    const key = keyed[field];
    const before = source[field];
    if (key !== undefined && Array.isArray(value) && Array.isArray(before)) {
      const names = value.map((entry) => (isObject(entry) ? entry[key] : undefined));
      merged[field] = [...before.filter((entry) => isObject(entry) && !names.includes(entry[key])), ...value];
    } else merged[field] = value;
  }
  for (const path of removed) {
    const [field = '', key] = path.split('/');
    const entries = merged[field];
    if (key === undefined) delete merged[field];
    else if (Array.isArray(entries))
      merged[field] = entries.filter((entry) => !isObject(entry) || entry[keyed[field] ?? ''] !== key);
  }
  return merged;
}
