import type { ParameterRule } from '../../contract/run.ts';

/** What can be written, in one line. @param rules of the repository configuration */
export function helpText(rules: readonly ParameterRule[]): string {
  const parameters = rules.map(describe).join(', ');
  return [
    'Commands, alone in the first line of a comment:',
    '/databricks train [commit] [name=value …] trains the head of this pull request (for a fork: approves that commit);',
    '/databricks cancel ends what is under way; /databricks retry trains the same commit again;',
    '/databricks help shows this. They need write access, help does not.',
    parameters === '' ? 'This repository declares no parameters.' : `Parameters: ${parameters}.`,
  ].join(' ');
}

/** "depth (integer from 1 to 20, 6 by default)" */
function describe({ name, type, min, max, choices, default: standard }: ParameterRule): string {
  const from = min === undefined ? '' : ` from ${min}`;
  const to = max === undefined ? '' : ` to ${max}`;
  const of = choices === undefined ? '' : ` of ${choices.join(' | ')}`;
  return `${name} (${type}${from}${to}${of}, ${standard} by default)`;
}
