import type { WorkspaceContext } from '../context.ts';
import type { Outcome } from './outcome.ts';
import type { Run, RunState, TaskRun } from './run-store.ts';
import { pageOfTasks } from './task-pages.ts';

/** The current `status` and the deprecated `state` (which the Python SDK's waiter still reads) of a run or task. */
function states(state: RunState, outcome: Outcome | undefined) {
  if (state !== 'TERMINATED' || !outcome) {
    const message = { QUEUED: 'Waiting for other runs to finish', PENDING: 'Preparing the environment' }[
      state as string
    ];
    return {
      status: {
        state,
        ...(state === 'QUEUED' && {
          queue_details: {
            code: 'ACTIVE_RUNS_LIMIT_REACHED',
            message: 'Queued due to reaching the limit of active runs.',
          },
        }),
      },
      state: { life_cycle_state: state, state_message: message ?? '', user_cancelled_or_timedout: false },
    };
  }
  return {
    status: {
      state,
      termination_details: { code: outcome.code, type: outcome.type, message: outcome.message },
    },
    state: {
      life_cycle_state: outcome.lifeCycle,
      ...(outcome.lifeCycle !== 'SKIPPED' && { result_state: outcome.result }),
      state_message: outcome.message,
      user_cancelled_or_timedout: ['CANCELED', 'TIMEDOUT'].includes(outcome.result),
    },
  };
}

/** A task as `runs/get` lists it. */
function renderTask(context: WorkspaceContext, run: Run, task: TaskRun) {
  const settings = run.settings.tasks.find(({ key }) => key === task.key);
  const ran = task.startTime > 0 && task.endTime > 0 ? task.endTime - task.startTime : 0;
  return {
    ...settings?.source,
    run_id: task.id,
    task_key: task.key,
    run_page_url: pageOf(context, run.id),
    start_time: task.startTime,
    end_time: task.endTime,
    setup_duration: 0,
    execution_duration: ran,
    cleanup_duration: 0,
    attempt_number: task.attempt,
    ...states(task.state, task.outcome),
  };
}

interface Shown {
  tasks: boolean;
  /** Its repairs, which are told only where `include_history` asks for them. */
  history: boolean;
  /** The task that the answer begins with; the other lists are in the first answer, whole. */
  first?: number;
}

/** A run as `runs/get` and `runs/list` give it. */
export function renderRun(context: WorkspaceContext, run: Run, show: Shown) {
  const { first = 0 } = show;
  const page = pageOfTasks(show.tasks ? run.tasks : [], first);
  return {
    ...(run.jobId !== undefined && { job_id: run.jobId }),
    run_id: run.id,
    job_run_id: run.id,
    number_in_job: run.id,
    original_attempt_run_id: run.id,
    creator_user_name: run.creator,
    run_as_user_name: run.runAs,
    run_name: run.settings.name,
    run_page_url: pageOf(context, run.id),
    run_type: run.jobId === undefined ? 'SUBMIT_RUN' : 'JOB_RUN',
    trigger: 'ONE_TIME',
    format: 'MULTI_TASK',
    start_time: run.startTime,
    end_time: run.endTime,
    setup_duration: 0,
    execution_duration: 0,
    cleanup_duration: 0,
    run_duration: run.endTime > 0 ? run.endTime - run.startTime : 0,
    ...(run.settings.overriding && { overriding_parameters: run.settings.overriding }),
    ...(first === 0 &&
      Object.keys(run.parameters).length > 0 && {
        job_parameters: Object.entries(run.parameters).map(([name, value]) => ({
          name,
          default: run.settings.parameters[name] ?? '',
          value,
        })),
      }),
    ...states(run.state, run.outcome),
    ...(show.tasks && { tasks: page.tasks.map((task) => renderTask(context, run, task)) }),
    ...page.next,
    ...(show.history && first === 0 && { repair_history: renderRepairs(run) }),
  };
}

/** A run as `runs/list` gives it; `has_more` tells that there are more tasks than it shows. */
export function renderListedRun(context: WorkspaceContext, run: Run, tasks: boolean) {
  const { next_page_token: more, ...shown } = renderRun(context, run, { tasks, history: false });
  return more === undefined ? shown : { ...shown, has_more: true };
}

/**
 * A task's run as `runs/get` gives it for the task's own id, and as get-output's `metadata`: the run with the task's
 * id, times and state, and that one task (databricks-sdk reads nothing else of it).
 */
export function renderTaskRun(context: WorkspaceContext, run: Run, task: TaskRun) {
  const shown = renderTask(context, run, task);
  return {
    ...renderRun(context, run, { tasks: false, history: false }),
    run_id: task.id,
    start_time: shown.start_time,
    end_time: shown.end_time,
    execution_duration: shown.execution_duration,
    run_duration: shown.execution_duration,
    attempt_number: shown.attempt_number,
    status: shown.status,
    state: shown.state,
    tasks: [shown],
  };
}

function renderRepairs(run: Run) {
  const now = states(run.state, run.outcome);
  return [
    { type: 'ORIGINAL', start_time: run.startTime },
    ...run.repairs.map(({ id, startTime, taskRunIds }, index) => ({
      id,
      type: 'REPAIR',
      start_time: startTime,
      task_run_ids: taskRunIds,
      ...(index === run.repairs.length - 1 && { end_time: run.endTime, ...now }),
    })),
  ];
}

export const pageOf = (context: WorkspaceContext, runId: number) =>
  `${context.settings.host}/jobs/runs/${runId}?o=${context.settings.orgId}`;
