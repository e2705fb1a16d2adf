import { DatabricksError } from '../databricks/error.ts';
import { GiteaError } from '../gitea/error.ts';
import type { RunChange } from './ports.ts';
import { ResultPending } from './result.ts';
import { RunFailure } from './run-failure.ts';

/** A reason fits into one line of the run's page. */
const reasonBound = 500;

/** An answer of Gitea or Databricks; null for anything else. */
export const answerOf = (error: unknown): DatabricksError | GiteaError | null =>
  error instanceof DatabricksError || error instanceof GiteaError ? error : null;

/** Why a run ends, in words for its page. */
function explain(error: unknown): string {
  if (error instanceof RunFailure) return error.message;
  if (error instanceof ResultPending) return 'Databricks did not finish registering the model version.';
  const answer = answerOf(error);
  if (answer) {
    const who = answer instanceof DatabricksError ? 'Databricks' : 'Gitea';
    return `${who} ${answer.temporary ? 'did not answer as it should for too long' : 'refused'}: ${answer.message}`;
  }
  return 'The backend could not go on with this run; its log says why.';
}

/** What is written to a run that ends because of this error. */
export function failureOf(error: unknown): { change: RunChange; detail: { reason: string } } {
  const message = explain(error);
  const reason = message.slice(0, reasonBound);
  return {
    change: {
      stateReason: reason,
      error: error instanceof RunFailure ? error.toRunError() : { task: null, message, trace: null },
    },
    detail: { reason },
  };
}

/** A sentence as a run's reason. */
export const shortReason = (text: string): string => text.slice(0, reasonBound);
