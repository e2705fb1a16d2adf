import type { RepositoryConfiguration } from '../config/repository-configuration.ts';
import type { Run } from './ports.ts';
import { isFinal } from './transitions.ts';

/** Whether a run had the parameters that the repository configuration sets; others are experiments. */
export function asCommitted(
  configuration: Pick<RepositoryConfiguration, 'parameters'>,
  parameters: Readonly<Record<string, unknown>>,
): boolean {
  return configuration.parameters.every((rule) => (parameters[rule.name] ?? rule.default) === rule.default);
}

/**
 * The run that speaks for a commit, in status, comment and merge alike: of the runs as committed the one under way,
 * else the newest that succeeded, else the newest. Experiments with other parameters decide nothing, so that nobody
 * searches for a pass with them, and a cancelled one blocks no merge.
 *
 * @param runs of one commit, newest first
 */
export function decisiveRun<R extends Pick<Run, 'configuration' | 'parameters' | 'state'>>(
  runs: readonly R[],
): R | null {
  const own = runs.filter((run) => asCommitted(run.configuration, run.parameters));
  return (
    own.find((run) => !isFinal(run.state)) ?? own.find((run) => run.state === 'succeeded') ?? own[0] ?? null
  );
}
