import type { ParameterRule } from '../../contract/run.ts';
import { nearestName } from './nearest-name.ts';

/** A parameter's value, of the type that its rule names. */
export type ParameterValue = number | boolean | string;

/** What is wrong with a value under a rule, and what would be right; null: nothing. */
export function parameterFault(rule: Omit<ParameterRule, 'default'>, value: ParameterValue): string | null {
  const { name, type, min, max, choices } = rule;
  const is = `it is ${JSON.stringify(value)}`;
  if (type === 'integer' ? !Number.isSafeInteger(value) : typeof value !== type) {
    const right = {
      integer: 'a whole number',
      number: 'a number',
      boolean: 'true or false',
      string: 'a text',
    };
    return `${name} must be ${right[type]}; ${is}.`;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return `${name} must be a finite number.`;
  if (typeof value === 'string' && (value.length > 1000 || value.includes('\0'))) {
    return `${name} must be a text of at most 1000 characters without NUL.`;
  }
  if (typeof value === 'number' && min !== undefined && value < min)
    return `${name} must be at least ${min}; ${is}.`;
  if (typeof value === 'number' && max !== undefined && value > max)
    return `${name} must be at most ${max}; ${is}.`;
  if (choices !== undefined && !choices.some((choice) => choice === value)) {
    return `${name} must be one of ${choices.join(', ')}; ${is}.`;
  }
  return null;
}

/**
 * Checks what somebody asked for against the rules of the repository configuration.
 *
 * @param given by name; what is left out takes its default
 * @returns every declared parameter with its value, or one problem per wrong one
 */
export function validateParameters(
  rules: readonly ParameterRule[],
  given: Readonly<Record<string, unknown>>,
): { values: Record<string, ParameterValue> } | { problems: { path: string; message: string }[] } {
  const problems: { path: string; message: string }[] = [];
  const names = rules.map((rule) => rule.name);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const near = nearestName(name, names);
    const advice = near
      ? `Did you mean ${near}?`
      : names.length > 0
        ? `There are: ${names.join(', ')}.`
        : 'This repository declares no parameters.';
    problems.push({
      path: `parameters.${name}`,
      message: `${name} is not a parameter of this repository. ${advice}`,
    });
  }
  const values: Record<string, ParameterValue> = {};
  for (const rule of rules) {
    const value = (Object.hasOwn(given, rule.name) ? given[rule.name] : rule.default) as ParameterValue;
    const fault = parameterFault(rule, value);
    if (fault === null) values[rule.name] = value;
    else problems.push({ path: `parameters.${rule.name}`, message: fault });
  }
  return problems.length > 0 ? { problems } : { values };
}
