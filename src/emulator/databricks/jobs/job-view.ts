import type { Json } from '../body.ts';
import { isObject } from '../body.ts';
import type { Job } from './job-store.ts';

/** A job as `get` gives it: what was saved, and the service's defaults where nothing was said. */
export const renderJob = (job: Job) => ({
  ...renderListedJob(job, { tasks: true }),
  run_as_user_name: job.runAs,
});

/** A job as `list` gives it. */
export function renderListedJob(job: Job, show: { tasks: boolean }) {
  const { tasks, environments, ...rest } = job.source;
  return {
    job_id: job.id,
    creator_user_name: job.creator,
    created_time: job.createdAt,
    settings: {
      email_notifications: {},
      webhook_notifications: {},
      timeout_seconds: 0,
      max_concurrent_runs: 1,
      format: 'MULTI_TASK',
      ...rest,
      name: job.name,
      ...(show.tasks && Array.isArray(tasks) && { tasks: tasks.filter(isObject).map(renderTask) }),
      ...(show.tasks && environments !== undefined && { environments }),
    },
  };
}

const renderTask = (task: Json) => ({
  run_if: 'ALL_SUCCESS',
  timeout_seconds: 0,
  email_notifications: {},
  ...task,
});
