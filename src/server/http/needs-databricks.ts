import type { Connection } from '../../contract/connection.ts';
import { DatabricksError } from '../databricks/error.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import { ProblemError } from './problem.ts';

/** How a workspace answered lately. */
export type ConnectionOf = (workspace: string) => Promise<Connection>;

/** The connection of an answer of which some is older. @param asOf ISO 8601; null: all is of now, as far as known */
export function asOfThen(connection: Connection, asOf: string | null): Connection {
  if (asOf === null || (connection.asOf !== null && connection.asOf < asOf)) return connection;
  return { ...connection, asOf };
}

/**
 * Does what only Databricks can answer. While it does not, the problem says so, with the time since when and the time
 * of what is known.
 *
 * @param what cannot be done then, to end the sentence: "so the log cannot be read"
 */
export async function needsDatabricks<T>(
  { workspace }: BoundRepository,
  connection: ConnectionOf,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DatabricksError && error.temporary)) throw error;
    const facts = await connection(workspace.name);
    if (facts.state === 'ok') throw error;
    throw new ProblemError(
      'databricks-unavailable',
      `Databricks does not answer, ${what}. Try again when it does.`,
      {
        cause: error,
        retryAfter: error.retryAfter,
        connection: facts,
      },
    );
  }
}
