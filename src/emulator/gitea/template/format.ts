import type { SafeHtml } from './value.ts';
import { GoStruct, kindOf, mapEntries } from './value.ts';

/** A float as Go's `%v` prints it: shortest form, exponent below 1e-4 and from 1e21 on. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e21)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return String(value);
}

/** Any value as Go's `%v` prints it. */
export function formatValue(value: unknown): string {
  switch (kindOf(value)) {
    case 'invalid':
    case 'nil':
      return '<nil>';
    case 'float':
      return formatFloat(value as number);
    case 'slice':
      return `[${(value as unknown[]).map(formatValue).join(' ')}]`;
    case 'map':
      return `map[${mapEntries(value)
        .map(([key, entry]) => `${key}:${formatValue(entry)}`)
        .join(' ')}]`;
    case 'struct':
      return `{${mapEntries((value as GoStruct).members)
        .map(([, entry]) => formatValue(entry))
        .join(' ')}}`;
    case 'html':
      return (value as SafeHtml).html;
    case 'func':
      return '0x0';
    default:
      return String(value);
  }
}

/** Go's fmt.Sprint: a space between two operands when neither is a string. */
export function sprint(values: readonly unknown[]): string {
  let text = '';
  values.forEach((value, index) => {
    const isText = (operand: unknown) => typeof operand === 'string';
    if (index > 0 && !isText(value) && !isText(values[index - 1])) text += ' ';
    text += formatValue(value);
  });
  return text;
}

/** Go's name of a value's type, for error messages. */
export function typeName(value: unknown): string {
  const kind = kindOf(value);
  if (value instanceof GoStruct) return value.type;
  if (kind === 'map') return 'map[string]interface {}';
  if (kind === 'slice') return '[]interface {}';
  if (kind === 'float') return 'float64';
  if (kind === 'html') return 'template.HTML';
  if (kind === 'nil' || kind === 'invalid') return 'interface {}';
  return kind;
}

/** Go's %q: a double-quoted string with Go's escapes. */
export function quote(text: string): string {
  const named: Record<string, string> = {
    '"': '\\"',
    '\\': '\\\\',
    '\n': '\\n',
    '\t': '\\t',
    '\r': '\\r',
    '\u0007': '\\a',
    '\b': '\\b',
    '\f': '\\f',
    '\v': '\\v',
  };
  let out = '"';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (named[character] !== undefined) out += named[character];
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, '0')}`;
    else out += character;
  }
  return `${out}"`;
}
