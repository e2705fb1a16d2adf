// Longer than most: every statement on runs and task runs is here, so that their states change in one place.
import { randomInt } from 'node:crypto';
import type { WorkspaceContext } from '../context.ts';
import type { Outcome } from './outcome.ts';
import type { RunSettings, TaskSettings } from './settings.ts';

export const jobTables = [
  `create table jobs_jobs (
     id integer primary key, name text not null, creator text not null, run_as text not null,
     source text not null, created_at integer not null)`,
  `create table jobs_runs (
     id integer primary key, job_id integer, creator text not null, run_as text not null, settings text not null,
     parameters text not null, token text, state text not null, outcome text, start_time integer not null,
     end_time integer not null default 0, deleted integer not null default 0, repairs text not null default '[]')`,
  'create index jobs_runs_by_token on jobs_runs (token) where token is not null',
  'create index jobs_runs_by_job on jobs_runs (job_id, id)',
  "create index jobs_runs_active on jobs_runs (id) where state <> 'TERMINATED'",
  `create table jobs_tasks (
     id integer primary key, run_id integer not null references jobs_runs (id), task_key text not null,
     attempt integer not null, state text not null, outcome text, start_time integer not null default 0,
     end_time integer not null default 0, pid integer)`,
  'create index jobs_tasks_by_run on jobs_tasks (run_id, id)',
  'create table jobs_sequence (last integer not null)',
];

/** `RunLifecycleStateV2`. */
export type RunState = 'BLOCKED' | 'PENDING' | 'QUEUED' | 'RUNNING' | 'TERMINATING' | 'TERMINATED';

export interface TaskRun {
  id: number;
  runId: number;
  key: string;
  /** 0 for the first; the number of the repair otherwise. */
  attempt: number;
  state: RunState;
  outcome: Outcome | undefined;
  /** Milliseconds; 0 while it has not happened. */
  startTime: number;
  endTime: number;
  pid: number | undefined;
}

export interface Repair {
  id: number;
  startTime: number;
  taskRunIds: number[];
}

export interface Run {
  id: number;
  /** Undefined for a submitted run. */
  jobId: number | undefined;
  creator: string;
  runAs: string;
  settings: RunSettings;
  parameters: Record<string, string>;
  state: RunState;
  outcome: Outcome | undefined;
  startTime: number;
  endTime: number;
  deleted: boolean;
  repairs: Repair[];
  /** The newest attempt of each task, in the order of the settings. */
  tasks: TaskRun[];
}

export type RunStore = ReturnType<typeof createRunStore>;

/** Runs and their tasks. */
export function createRunStore(context: WorkspaceContext) {
  const { db, clock } = context;

  /** Ids of jobs, runs and task runs: ascending, never reused. */
  function nextId(): number {
    return context.transaction(() => {
      const last = db.prepare('select last from jobs_sequence').get()?.last as number | undefined;
      const next = last === undefined ? randomInt(1e11, 9e11) : last + randomInt(1, 1000);
      db.prepare(
        last === undefined ? 'insert into jobs_sequence values (?)' : 'update jobs_sequence set last = ?',
      ).run(next);
      return next;
    });
  }

  function tasksOf(runId: number): TaskRun[] {
    return db.prepare('select * from jobs_tasks where run_id = ? order by id').all(runId).map(toTask);
  }

  function toRun(row: Record<string, unknown>): Run {
    const settings = JSON.parse(row.settings as string) as RunSettings;
    const all = tasksOf(row.id as number);
    return {
      id: row.id as number,
      jobId: (row.job_id as number | null) ?? undefined,
      creator: row.creator as string,
      runAs: row.run_as as string,
      settings,
      parameters: JSON.parse(row.parameters as string) as Record<string, string>,
      state: row.state as RunState,
      outcome: outcomeOf(row.outcome),
      startTime: row.start_time as number,
      endTime: row.end_time as number,
      deleted: row.deleted === 1,
      repairs: JSON.parse(row.repairs as string) as Repair[],
      tasks: settings.tasks.flatMap(({ key }) => all.findLast((task) => task.key === key) ?? []),
    };
  }

  function addTask(runId: number, task: TaskSettings, attempt: number): number {
    const id = nextId();
    const state: RunState = task.dependsOn.length > 0 ? 'BLOCKED' : 'PENDING';
    db.prepare('insert into jobs_tasks (id, run_id, task_key, attempt, state) values (?, ?, ?, ?, ?)').run(
      id,
      runId,
      task.key,
      attempt,
      state,
    );
    return id;
  }

  function find(id: number): Run | undefined {
    const row = db.prepare('select * from jobs_runs where id = ? and deleted = 0').get(id);
    return row && toRun(row);
  }

  return {
    nextId,
    find,
    /** A task run and its run. */
    findTask(id: number): { task: TaskRun; run: Run } | undefined {
      const row = db.prepare('select * from jobs_tasks where id = ?').get(id);
      const run = row && find(row.run_id as number);
      return row && run ? { task: toTask(row), run } : undefined;
    },
    /** The run with an idempotency token: of a job (also a deleted run), or among submitted runs an active one. */
    withToken(token: string, jobId: number | undefined): Run | undefined {
      const row =
        jobId === undefined
          ? db
              .prepare("select * from jobs_runs where token = ? and job_id is null and state <> 'TERMINATED'")
              .get(token)
          : db.prepare('select * from jobs_runs where token = ? and job_id = ?').get(token, jobId);
      return row && toRun(row);
    },
    add(
      run: Pick<Run, 'jobId' | 'creator' | 'runAs' | 'settings' | 'parameters'> & {
        token: string | undefined;
      },
    ): Run {
      return context.transaction(() => {
        const id = nextId();
        db.prepare(
          `insert into jobs_runs (id, job_id, creator, run_as, settings, parameters, token, state, start_time)
             values (?, ?, ?, ?, ?, ?, ?, 'QUEUED', ?)`,
        ).run(
          id,
          run.jobId ?? null,
          run.creator,
          run.runAs,
          JSON.stringify(run.settings),
          JSON.stringify(run.parameters),
          run.token ?? null,
          clock.now(),
        );
        for (const task of run.settings.tasks) addTask(id, task, 0);
        const added = find(id);
        if (!added) throw new Error(`run ${id} was not stored`);
        return added;
      });
    },
    /** Runs that have not ended, oldest first. */
    active: (): Run[] =>
      db
        .prepare("select * from jobs_runs where state <> 'TERMINATED' and deleted = 0 order by id")
        .all()
        .map(toRun),
    /** What lies below an id, newest first, or above it, oldest first; only as many as are asked for are read. */
    *beside(jobId: number | undefined, { older, than }: { older: boolean; than: number }): Generator<Run> {
      const rows = db
        .prepare(
          `select * from jobs_runs where deleted = 0 and ${older ? 'id < ?' : 'id > ?'}
             and (? is null or job_id = ?) order by id ${older ? 'desc' : 'asc'}`,
        )
        .iterate(than, jobId ?? null, jobId ?? null);
      for (const row of rows) yield toRun(row);
    },
    setRun(id: number, state: RunState, outcome?: Outcome): void {
      db.prepare('update jobs_runs set state = ?, outcome = ?, end_time = ? where id = ?').run(
        state,
        outcome ? JSON.stringify(outcome) : null,
        state === 'TERMINATED' ? clock.now() : 0,
        id,
      );
    },
    setTask(
      id: number,
      state: RunState,
      change: { pid?: number; outcome?: Outcome; started?: boolean } = {},
    ): void {
      db.prepare(
        `update jobs_tasks set state = ?, outcome = ?, pid = ?,
           start_time = iif(? and start_time = 0, ?, start_time), end_time = ? where id = ?`,
      ).run(
        state,
        change.outcome ? JSON.stringify(change.outcome) : null,
        change.pid ?? null,
        change.started ? 1 : 0,
        clock.now(),
        state === 'TERMINATED' ? clock.now() : 0,
        id,
      );
    },
    /** Queues a run again with new attempts of some tasks. @returns the repair's id. */
    addRepair(run: Run, keys: readonly string[]): number {
      return context.transaction(() => {
        const attempt = run.repairs.length + 1;
        const taskRunIds = run.settings.tasks
          .filter(({ key }) => keys.includes(key))
          .map((task) => addTask(run.id, task, attempt));
        const repair: Repair = { id: nextId(), startTime: clock.now(), taskRunIds };
        db.prepare(
          "update jobs_runs set repairs = ?, state = 'QUEUED', outcome = null, end_time = 0 where id = ?",
        ).run(JSON.stringify([...run.repairs, repair]), run.id);
        return repair.id;
      });
    },
    /** Queues a run again from its first unfinished task: the same run, the same tasks, as if it had not begun. */
    requeue(run: Run, unfinished: (task: TaskRun) => boolean): void {
      context.transaction(() => {
        for (const task of run.tasks.filter(unfinished)) {
          const dependsOn = run.settings.tasks.find(({ key }) => key === task.key)?.dependsOn ?? [];
          db.prepare(
            'update jobs_tasks set state = ?, outcome = null, pid = null, start_time = 0, end_time = 0 where id = ?',
          ).run(dependsOn.length > 0 ? 'BLOCKED' : 'PENDING', task.id);
        }
        db.prepare("update jobs_runs set state = 'QUEUED', outcome = null, end_time = 0 where id = ?").run(
          run.id,
        );
      });
    },
    markDeleted(id: number): void {
      db.prepare('update jobs_runs set deleted = 1 where id = ?').run(id);
    },
  };
}

const outcomeOf = (value: unknown) => (value === null ? undefined : (JSON.parse(value as string) as Outcome));

function toTask(row: Record<string, unknown>): TaskRun {
  return {
    id: row.id as number,
    runId: row.run_id as number,
    key: row.task_key as string,
    attempt: row.attempt as number,
    state: row.state as RunState,
    outcome: outcomeOf(row.outcome),
    startTime: row.start_time as number,
    endTime: row.end_time as number,
    pid: (row.pid as number | null) ?? undefined,
  };
}
