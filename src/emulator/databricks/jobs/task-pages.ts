import type { Json } from '../body.ts';
import { optionalString } from '../body.ts';
import { invalid } from '../errors.ts';

/** The most tasks of one answer (Jobs 2.2). */
const tasksOfAPage = 100;

/** Which task an answer begins with, from `page_token`. @throws ApiError 400 for a foreign token. */
export function firstTask(query: Json): number {
  const token = optionalString(query, 'page_token');
  if (!token) return 0;
  const first = /^tasks:(\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (first === undefined) throw invalid('page_token is not one that this request gave out.');
  return Number(first);
}

/** The tasks of one answer, and the token of the next one where there are more. */
export function pageOfTasks<Task>(
  tasks: readonly Task[],
  first: number,
): { tasks: Task[]; next: { next_page_token?: string } } {
  const end = first + tasksOfAPage;
  const next = end < tasks.length && {
    next_page_token: Buffer.from(`tasks:${end}`).toString('base64url'),
  };
  return { tasks: tasks.slice(first, end), next: { ...next } };
}
