import type { Json } from '../body.ts';
import type { WorkspaceContext } from '../context.ts';
import { missingJob } from '../errors.ts';

export interface Job {
  id: number;
  name: string;
  creator: string;
  runAs: string;
  /** The settings as the client sent them. */
  source: Json;
  createdAt: number;
}

export type JobStore = ReturnType<typeof createJobStore>;

/** Saved jobs. */
export function createJobStore(context: WorkspaceContext) {
  const { db } = context;

  const toJob = (row: Record<string, unknown>): Job => ({
    id: row.id as number,
    name: row.name as string,
    creator: row.creator as string,
    runAs: row.run_as as string,
    source: JSON.parse(row.source as string) as Json,
    createdAt: row.created_at as number,
  });

  return {
    /** @throws ApiError 400 (not 404) for a job that does not exist. */
    get(id: number): Job {
      const row = db.prepare('select * from jobs_jobs where id = ?').get(id);
      if (!row) throw missingJob(id);
      return toJob(row);
    },
    /** What lies below an id, newest first, or above it, oldest first; a name is matched exactly but for case. */
    beside: (name: string | undefined, { older, than }: { older: boolean; than: number }): Job[] =>
      db
        .prepare(
          `select * from jobs_jobs where (? is null or lower(name) = lower(?)) and ${older ? 'id < ?' : 'id > ?'}
             order by id ${older ? 'desc' : 'asc'}`,
        )
        .all(name ?? null, name ?? null, than)
        .map(toJob),
    add(job: Job): void {
      db.prepare('insert into jobs_jobs values (?, ?, ?, ?, ?, ?)').run(
        job.id,
        job.name,
        job.creator,
        job.runAs,
        JSON.stringify(job.source),
        job.createdAt,
      );
    },
    replace(job: Pick<Job, 'id' | 'name' | 'runAs' | 'source'>): void {
      db.prepare('update jobs_jobs set name = ?, run_as = ?, source = ? where id = ?').run(
        job.name,
        job.runAs,
        JSON.stringify(job.source),
        job.id,
      );
    },
    remove(id: number): void {
      db.prepare('delete from jobs_jobs where id = ?').run(id);
    },
  };
}
