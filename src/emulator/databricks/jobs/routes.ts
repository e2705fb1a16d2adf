import type { FastifyInstance } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import type { Scheduler } from '../execution/scheduler.ts';
import { createScheduler } from '../execution/scheduler.ts';
import { registerJobDefinitions } from './job-routes.ts';
import { registerLaunches } from './launch-routes.ts';
import { registerRunPage } from './run-page.ts';
import { registerRuns } from './run-routes.ts';
import { createRunStore, jobTables } from './run-store.ts';

/** Jobs and runs. @returns the scheduler, to be started once the workspace listens. */
export function registerJobs(app: FastifyInstance, context: WorkspaceContext): Scheduler {
  context.migrate('jobs', jobTables);
  const store = createRunStore(context);
  const scheduler = createScheduler(context, store);
  context.onClose(() => scheduler.close());
  registerJobDefinitions(app, context, store, scheduler);
  registerLaunches(app, context, store, scheduler);
  registerRuns(app, context, store, scheduler);
  registerRunPage(app, context, store);
  return scheduler;
}
