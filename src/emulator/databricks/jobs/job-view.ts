import type { Json } from '../body.ts';
import { isObject } from '../body.ts';
import type { Job } from './job-store.ts';
import { pageOfTasks } from './task-pages.ts';

/**
 * A job as `get` gives it: what was saved, and the service's defaults where nothing was said.
 * @param first the task that the answer begins with; the other lists are in the first answer, whole.
 */
export function renderJob(job: Job, first: number) {
  const { tasks, environments, parameters, job_clusters: clusters, ...rest } = job.source;
  const page = pageOfTasks(tasksOf(tasks), first);
  return {
    ...shown(job, {
      ...rest,
      ...(tasks !== undefined && { tasks: page.tasks }),
      ...(first === 0 && { environments, parameters, job_clusters: clusters }),
    }),
    run_as_user_name: job.runAs,
    ...page.next,
  };
}

/** A job as `list` gives it; `has_more` tells that there are more tasks than it shows. */
export function renderListedJob(job: Job, show: { tasks: boolean }) {
  const { tasks, environments, ...rest } = job.source;
  if (!show.tasks) return shown(job, rest);
  const page = pageOfTasks(tasksOf(tasks), 0);
  return {
    ...shown(job, { ...rest, environments, ...(tasks !== undefined && { tasks: page.tasks }) }),
    ...(page.next.next_page_token !== undefined && { has_more: true }),
  };
}

const shown = (job: Job, settings: Json) => ({
  job_id: job.id,
  creator_user_name: job.creator,
  created_time: job.createdAt,
  settings: {
    email_notifications: {},
    webhook_notifications: {},
    timeout_seconds: 0,
    max_concurrent_runs: 1,
    format: 'MULTI_TASK',
    ...settings,
    name: job.name,
  },
});

function tasksOf(tasks: unknown): Json[] {
  if (!Array.isArray(tasks)) return [];
  return tasks
    .filter(isObject)
    .map((task) => ({ run_if: 'ALL_SUCCESS', timeout_seconds: 0, email_notifications: {}, ...task }));
}
