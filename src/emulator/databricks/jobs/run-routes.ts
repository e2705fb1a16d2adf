import type { FastifyInstance } from 'fastify';
import {
  bodyOf,
  flag,
  optionalInteger,
  optionalString,
  optionalStrings,
  queryOf,
  requiredInteger,
} from '../body.ts';
import type { Principal, WorkspaceContext } from '../context.ts';
import { forbidden, invalid, missingRun } from '../errors.ts';
import { notebookOutput } from '../execution/notebook/notebook-output.ts';
import type { Scheduler } from '../execution/scheduler.ts';
import { readTaskLog } from '../execution/task-log.ts';
import { pageStart, takePage } from './paging.ts';
import { jobsPaths } from './paths.ts';
import type { Run, RunStore, TaskRun } from './run-store.ts';
import { renderListedRun, renderRun, renderTaskRun } from './run-view.ts';
import { firstTask } from './task-pages.ts';

/** The most runs of one page. */
const largestPage = 24;

/** get, list, get-output, cancel, cancel-all, repair and delete of runs. */
export function registerRuns(
  app: FastifyInstance,
  context: WorkspaceContext,
  runs: RunStore,
  scheduler: Scheduler,
): void {
  function sees(principal: Principal, run: Run, level: 'CAN_VIEW' | 'CAN_MANAGE_RUN'): boolean {
    if (principal.run) return principal.run.runId === run.id;
    if (run.jobId !== undefined && context.permissions.allowsObject(principal, level, 'jobs', run.jobId))
      return true;
    if (context.permissions.allowsObject(principal, level, 'runs', run.id)) return true;
    return principal.admin || principal.name === run.creator || principal.name === run.runAs;
  }

  /** A run by its own id or a task's. @throws ApiError 400 when there is none, 403 when it is not the caller's to see. */
  function runOf(principal: Principal, id: number, level: 'CAN_VIEW' | 'CAN_MANAGE_RUN'): Run {
    const run = runs.find(id) ?? runs.findTask(id)?.run;
    if (!run) throw missingRun(id);
    if (!sees(principal, run, level))
      throw forbidden(`${principal.name} does not have ${level} permissions on run ${id}.`);
    return run;
  }

  /** Scripts have logs, notebooks have what they returned (docs: runs/get-output). */
  function output(run: Run, task: TaskRun) {
    if (run.settings.tasks.some(({ key, notebook }) => key === task.key && notebook))
      return { notebook_output: notebookOutput(context, task) };
    const log = readTaskLog(context, task);
    return { logs: log.text, logs_truncated: log.truncated };
  }

  for (const base of jobsPaths) {
    app.get(`${base}/runs/get`, async (request) => {
      const query = queryOf(request);
      const id = requiredInteger(query, 'run_id');
      const run = runOf(context.authorize(request), id, 'CAN_VIEW');
      const task = run.id === id ? undefined : runs.findTask(id)?.task;
      if (task) return renderTaskRun(context, run, task);
      const history = flag(query, 'include_history');
      return renderRun(context, run, { tasks: true, history, first: firstTask(query) });
    });

    app.get(`${base}/runs/list`, async (request) => {
      const principal = context.authorize(request);
      const query = queryOf(request);
      // 0 asks for the largest page (the Jobs API's reference says so).
      const limit = (optionalInteger(query, 'limit') ?? 20) || largestPage;
      if (limit < 0 || limit > largestPage) throw invalid('limit must be greater than 0 and less than 25.');
      const jobId = optionalInteger(query, 'job_id');
      if (jobId !== undefined) context.permissions.requireObject(principal, 'CAN_VIEW', 'jobs', jobId);
      const active = flag(query, 'active_only');
      const completed = flag(query, 'completed_only');
      if (active && completed) throw invalid('active_only and completed_only cannot both be true.');
      const from = optionalInteger(query, 'start_time_from') ?? 0;
      const to = optionalInteger(query, 'start_time_to') ?? Number.MAX_SAFE_INTEGER;
      const type = optionalString(query, 'run_type');
      const start = pageStart(query);
      function* matching() {
        for (const run of runs.beside(jobId, start)) {
          const ended = run.state === 'TERMINATED';
          if ((active && ended) || (completed && !ended)) continue;
          if (type !== undefined && type !== (run.jobId === undefined ? 'SUBMIT_RUN' : 'JOB_RUN')) continue;
          if (run.startTime < from || run.startTime > to || !sees(principal, run, 'CAN_VIEW')) continue;
          yield run;
        }
      }
      const { page, links } = takePage(matching(), start, limit);
      const expand = flag(query, 'expand_tasks');
      return {
        ...(page.length > 0 && {
          runs: page.map((run) => renderListedRun(context, run, expand)),
        }),
        ...links,
      };
    });

    app.get(`${base}/runs/get-output`, async (request) => {
      const id = requiredInteger(queryOf(request), 'run_id');
      const run = runOf(context.authorize(request), id, 'CAN_VIEW');
      const task = runs.findTask(id)?.task ?? (run.tasks.length === 1 ? run.tasks[0] : undefined);
      if (!task)
        throw invalid(
          'Retrieving the output of runs with multiple tasks is not supported. Please retrieve the output of each individual task run instead.',
        );
      return {
        metadata: renderTaskRun(context, run, task),
        ...(task.outcome?.error !== undefined && { error: task.outcome.error }),
        ...(task.outcome?.errorTrace !== undefined && { error_trace: task.outcome.errorTrace }),
        ...output(run, task),
      };
    });

    app.post(`${base}/runs/cancel`, async (request) => {
      const principal = context.authorize(request);
      const run = runOf(principal, requiredInteger(bodyOf(request), 'run_id'), 'CAN_MANAGE_RUN');
      scheduler.cancel(run.id);
      return {};
    });

    app.post(`${base}/runs/cancel-all`, async (request) => {
      const principal = context.authorize(request);
      const body = bodyOf(request);
      const jobId = optionalInteger(body, 'job_id');
      if (jobId === undefined && !flag(body, 'all_queued_runs'))
        throw invalid('cancel-all needs job_id, or all_queued_runs.');
      if (jobId !== undefined) context.permissions.requireObject(principal, 'CAN_MANAGE_RUN', 'jobs', jobId);
      for (const run of runs.active()) {
        if (jobId !== undefined && run.jobId !== jobId) continue;
        if (flag(body, 'all_queued_runs') && run.state !== 'QUEUED') continue;
        if (sees(principal, run, 'CAN_MANAGE_RUN')) scheduler.cancel(run.id);
      }
      return {};
    });

    app.post(`${base}/runs/repair`, async (request) => {
      const principal = context.authorize(request);
      const body = bodyOf(request);
      const run = runOf(principal, requiredInteger(body, 'run_id'), 'CAN_MANAGE_RUN');
      if (run.state !== 'TERMINATED')
        throw invalid(`Run ${run.id} is still active; only ended runs can be repaired.`);
      const latest = run.repairs.at(-1);
      if (latest && optionalInteger(body, 'latest_repair_id') !== latest.id)
        throw invalid(`latest_repair_id must be the id of the run's latest repair, ${latest.id}.`);
      const named = optionalStrings(body, 'rerun_tasks');
      const failed = run.tasks.filter(({ outcome }) => outcome?.result !== 'SUCCESS').map(({ key }) => key);
      const keys = flag(body, 'rerun_all_failed_tasks') ? failed : named;
      if (keys.length === 0) throw invalid('There is no task to rerun: none failed, or none was named.');
      for (const key of keys)
        if (!run.tasks.some((task) => task.key === key))
          throw invalid(`Task ${key} does not exist in the run.`);
      const repairId = runs.addRepair(
        run,
        flag(body, 'rerun_dependent_tasks') ? withDependents(run, keys) : keys,
      );
      scheduler.pump();
      return { repair_id: repairId };
    });

    app.post(`${base}/runs/delete`, async (request) => {
      const principal = context.authorize(request);
      const run = runOf(principal, requiredInteger(bodyOf(request), 'run_id'), 'CAN_MANAGE_RUN');
      if (run.state !== 'TERMINATED') throw invalid(`Run ${run.id} is still active; cancel it first.`);
      runs.markDeleted(run.id);
      return {};
    });
  }
}

function withDependents(run: Run, keys: readonly string[]): string[] {
  const all = new Set(keys);
  for (let before = -1; before !== all.size; ) {
    before = all.size;
    for (const { key, dependsOn } of run.settings.tasks)
      if (dependsOn.some((upstream) => all.has(upstream))) all.add(key);
  }
  return [...all];
}
