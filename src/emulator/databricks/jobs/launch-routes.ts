import type { FastifyInstance } from 'fastify';
import type { Json } from '../body.ts';
import {
  bodyOf,
  isObject,
  optionalString,
  optionalStrings,
  optionalTexts,
  requiredInteger,
} from '../body.ts';
import type { WorkspaceContext } from '../context.ts';
import { invalid } from '../errors.ts';
import type { Scheduler } from '../execution/scheduler.ts';
import { parseAccessControlList } from '../permission/access-control-list.ts';
import { createJobStore } from './job-store.ts';
import { tooManyRuns } from './outcome.ts';
import { overridden } from './overriding.ts';
import { jobsPaths } from './paths.ts';
import type { RunStore } from './run-store.ts';
import type { RunSettings } from './settings.ts';
import { parseRunAs, parseSettings } from './settings.ts';

/** run-now and runs/submit: the two ways to start a run, each with its own idempotency. */
export function registerLaunches(
  app: FastifyInstance,
  context: WorkspaceContext,
  runs: RunStore,
  scheduler: Scheduler,
): void {
  const jobs = createJobStore(context);

  for (const base of jobsPaths) {
    app.post(`${base}/run-now`, async (request) => {
      const principal = context.authorize(request);
      const body = bodyOf(request);
      const jobId = requiredInteger(body, 'job_id');
      context.permissions.requireObject(principal, 'CAN_MANAGE_RUN', 'jobs', jobId);
      const job = jobs.get(jobId);
      const token = idempotencyToken(body);
      const settings = overridden(
        only(parseSettings(job.source, job.name), optionalStrings(body, 'only')),
        body,
      );
      if (settings.tasks.length === 0) throw invalid(`Job ${jobId} has no tasks.`);
      const given = optionalTexts(body, 'job_parameters');
      for (const name of Object.keys(given))
        if (!Object.hasOwn(settings.parameters, name))
          throw invalid(`Job parameter ${name} is not defined in the job.`);
      // Without a token each call is a run; with one the first call made the run, and its answer is given again.
      const run = context.transaction(() => {
        const known = token === undefined ? undefined : runs.withToken(token, jobId);
        if (known?.deleted) throw invalid(`Run ${known.id} with this idempotency_token was deleted.`);
        if (known) return known;
        const queue = isObject(body.queue) ? body.queue.enabled === true : settings.queue;
        const busy = !queue && scheduler.jobIsBusy(jobId, settings.maxConcurrentRuns);
        const parameters = { ...settings.parameters, ...given };
        const added = runs.add({
          jobId,
          creator: principal.name,
          runAs: job.runAs,
          settings,
          parameters,
          token,
        });
        if (busy) {
          const outcome = tooManyRuns(settings.maxConcurrentRuns);
          for (const task of added.tasks) runs.setTask(task.id, 'TERMINATED', { outcome });
          runs.setRun(added.id, 'TERMINATED', outcome);
        }
        return added;
      });
      scheduler.pump();
      return { run_id: run.id, number_in_job: run.id };
    });

    app.post(`${base}/runs/submit`, async (request) => {
      const principal = context.authorize(request);
      const body = bodyOf(request);
      const settings = parseSettings(body, 'Untitled');
      if (settings.tasks.length === 0) throw invalid('A submitted run needs at least one task.');
      const runAs = parseRunAs(body, principal, context);
      const token = idempotencyToken(body);
      const readers = parseAccessControlList('runs', body);
      const run = context.transaction(() => {
        // The token of a submitted run covers active runs only (facts: Jobs 2.2).
        const known = token === undefined ? undefined : runs.withToken(token, undefined);
        if (known) return known;
        const creator = principal.name;
        const added = runs.add({ jobId: undefined, creator, runAs, settings, parameters: {}, token });
        for (const entry of readers)
          context.permissions.setLevel('runs', added.id, entry.principal, entry.level);
        return added;
      });
      scheduler.pump();
      return { run_id: run.id };
    });
  }
}

function idempotencyToken(body: Json): string | undefined {
  const token = optionalString(body, 'idempotency_token');
  if (token !== undefined && token.length > 64)
    throw invalid('idempotency_token must have at most 64 characters.');
  return token || undefined;
}

/** The settings with some tasks only; what they depend on outside of these counts as done. */
function only(settings: RunSettings, keys: readonly string[]): RunSettings {
  if (keys.length === 0) return settings;
  for (const key of keys)
    if (!settings.tasks.some((task) => task.key === key))
      throw invalid(`Task ${key} does not exist in the job.`);
  const tasks = settings.tasks
    .filter(({ key }) => keys.includes(key))
    .map((task) => ({ ...task, dependsOn: task.dependsOn.filter((key) => keys.includes(key)) }));
  return { ...settings, tasks };
}
