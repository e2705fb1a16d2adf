import type { ParameterRule } from '../../../contract/run.ts';

export type ParameterValue = number | boolean | string;

/** What a form's text means for a parameter; null when it is no value of that type. */
export function parseParameter(rule: ParameterRule, text: string): ParameterValue | null {
  if (rule.type === 'boolean') return text === 'true';
  if (rule.type === 'string') return chosen(rule, text);
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) return null;
  if (rule.type === 'integer' && !Number.isInteger(value)) return null;
  return chosen(rule, value);
}

function chosen<T extends number | string>(rule: ParameterRule, value: T): T | null {
  return rule.choices === undefined || rule.choices.includes(value) ? value : null;
}

/** Only the parameters that differ from the committed ones: the run's key stays that of the commit otherwise. */
export function changedParameters(
  rules: readonly ParameterRule[],
  values: Readonly<Record<string, ParameterValue>>,
): Record<string, ParameterValue> {
  return Object.fromEntries(
    rules.flatMap((rule) => {
      const value = values[rule.name];
      return value === undefined || value === rule.default ? [] : [[rule.name, value]];
    }),
  );
}

/** "1 to 20", "at least 1", "a, b or c", "yes or no", "any text". */
export function allowedText(rule: ParameterRule, number: (value: number) => string): string {
  if (rule.choices !== undefined) return listText(rule.choices.map(String));
  if (rule.type === 'boolean') return 'yes or no';
  if (rule.min !== undefined && rule.max !== undefined) return `${number(rule.min)} to ${number(rule.max)}`;
  if (rule.min !== undefined) return `at least ${number(rule.min)}`;
  if (rule.max !== undefined) return `at most ${number(rule.max)}`;
  if (rule.type === 'string') return 'any text';
  return rule.type === 'integer' ? 'any whole number' : 'any number';
}

function listText(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`;
}
