import type { ParameterRule } from '../../contract/run.ts';

const numberForm = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Texts of a command as the types that the repository configuration declares. What does not have the form of its
 * type stays a text, so that the check of parameters (config/validate-parameters.ts) says what is wrong.
 */
export function typedParameters(
  rules: readonly Pick<ParameterRule, 'name' | 'type'>[],
  given: readonly { name: string; value: string }[],
): Record<string, string | number | boolean> {
  return Object.fromEntries(
    given.map(({ name, value }) => [name, typed(rules.find((rule) => rule.name === name)?.type, value)]),
  );
}

function typed(type: ParameterRule['type'] | undefined, value: string): string | number | boolean {
  if ((type === 'integer' || type === 'number') && numberForm.test(value)) return Number(value);
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}
