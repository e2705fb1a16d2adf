/** Go's predefined template functions (src/text/template/funcs.go), except `and`, `or`, `call`: see execute.ts. */
import { formatValue, sprint, typeName } from './format.ts';
import { sprintf } from './printf.ts';
import { GoFunction, isTrue, kindOf, mapEntries, mapGet } from './value.ts';

type BasicKind = 'bool' | 'number' | 'float' | 'string' | undefined;

function basicKind(value: unknown): BasicKind {
  const kind = kindOf(value);
  if (kind === 'bool' || kind === 'float') return kind;
  if (kind === 'int') return 'number';
  return kind === 'string' || kind === 'html' ? 'string' : undefined;
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

function equal(first: unknown, ...others: unknown[]): boolean {
  if (others.length === 0) throw new Error('missing argument for comparison');
  const kind = basicKind(first);
  for (const other of others) {
    if (basicKind(other) !== kind) {
      if (first !== undefined && other !== undefined) throw new Error('incompatible types for comparison');
      continue;
    }
    if (kind !== undefined) {
      if (formatValue(first) === formatValue(other)) return true;
      continue;
    }
    for (const side of [first, other]) {
      if (['slice', 'map', 'func'].includes(kindOf(side)) && !isNothing(first) && !isNothing(other)) {
        throw new Error(`non-comparable type ${formatValue(side)}: ${typeName(side)}`);
      }
    }
    if (isNothing(first) && isNothing(other)) return true;
    if (first === other) return true;
  }
  return false;
}

function less(first: unknown, second: unknown): boolean {
  const kind = basicKind(first);
  if (kind === undefined || basicKind(second) === undefined) throw new Error('invalid type for comparison');
  if (kind !== basicKind(second)) throw new Error('incompatible types for comparison');
  if (kind === 'bool') throw new Error('invalid type for comparison');
  if (kind === 'string')
    return Buffer.compare(Buffer.from(formatValue(first)), Buffer.from(formatValue(second))) < 0;
  return (first as number) < (second as number);
}

function index(container: unknown, ...keys: unknown[]): unknown {
  let current = container;
  if (current === undefined) throw new Error('index of untyped nil');
  for (const key of keys) {
    const kind = kindOf(current);
    if (kind === 'map') {
      if (typeof key !== 'string') throw new Error(`value has type ${typeName(key)}; should be string`);
      current = mapGet(current, key);
    } else if (kind === 'slice' || kind === 'string') {
      const length = lengthOf(current);
      if (kindOf(key) !== 'int') throw new Error(`cannot index slice/array with type ${typeName(key)}`);
      const at = Number(key);
      if (at < 0 || at >= length) throw new Error(`index out of range: ${at}`);
      current = kind === 'slice' ? (current as unknown[])[at] : Buffer.from(current as string)[at];
    } else if (kind === 'nil' || kind === 'invalid') {
      throw new Error('index of nil pointer');
    } else throw new Error(`can't index item of type ${typeName(current)}`);
  }
  // A missing key of map[string]any is the zero value of its element type: a nil interface.
  return current === undefined ? null : current;
}

function slice(value: unknown, ...bounds: unknown[]): unknown {
  const kind = kindOf(value);
  if (kind !== 'slice' && kind !== 'string') throw new Error(`can't slice item of type ${typeName(value)}`);
  const length = lengthOf(value);
  const [start = 0, end = length] = bounds as number[];
  if (bounds.length > 2 && kind === 'string') throw new Error('cannot 3-index slice a string');
  if (start < 0 || end > length || start > end) throw new Error(`index out of range: ${end}`);
  return kind === 'slice'
    ? (value as unknown[]).slice(start, end)
    : Buffer.from(value as string)
        .subarray(start, end)
        .toString();
}

function lengthOf(value: unknown): number {
  switch (kindOf(value)) {
    case 'string':
    case 'html':
      return Buffer.byteLength(formatValue(value));
    case 'slice':
      return (value as unknown[]).length;
    case 'map':
      return mapEntries(value).length;
    case 'invalid':
    case 'nil':
      throw new Error('len of nil pointer');
    default:
      throw new Error(`len of type ${typeName(value)}`);
  }
}

const htmlEscapes: Record<string, string> = {
  '\0': '\uFFFD',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

/** text/template's `html`: what HTMLEscapeString does. */
export function escapeHtmlPlainly(text: string): string {
  return text.replace(/[\0"'&<>]/g, (character) => htmlEscapes[character] as string);
}

/** text/template's `urlquery`: what url.QueryEscape does. */
export function escapeUrlQuery(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

function escapeJsPlainly(text: string): string {
  return text.replace(/[\\'"<>&=\p{Cc}]/gu, (character) => {
    if (character === '\\') return '\\\\';
    if (character === "'") return "\\'";
    if (character === '"') return '\\"';
    return `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

function printed(values: readonly unknown[]): string {
  return sprint(values.map((value) => (value === undefined ? null : value)));
}

const any = (call: (...args: never[]) => unknown, least = 0): GoFunction =>
  new GoFunction([...Array<'any'>(least).fill('any'), 'any'], call, { variadic: true });

/** Predefined functions by name. */
export const builtins: Readonly<Record<string, GoFunction>> = {
  eq: any(equal, 1),
  ne: new GoFunction(['any', 'any'], (a: unknown, b: unknown) => !equal(a, b)),
  lt: new GoFunction(['any', 'any'], less),
  le: new GoFunction(['any', 'any'], (a: unknown, b: unknown) => less(a, b) || equal(a, b)),
  gt: new GoFunction(['any', 'any'], (a: unknown, b: unknown) => !(less(a, b) || equal(a, b))),
  ge: new GoFunction(['any', 'any'], (a: unknown, b: unknown) => !less(a, b)),
  not: new GoFunction(['any'], (value: unknown) => !isTrue(value)),
  len: new GoFunction(['any'], lengthOf),
  index: any(index, 1),
  slice: any(slice, 1),
  print: any((...values: unknown[]) => printed(values)),
  println: any((...values: unknown[]) => `${values.map(formatValue).join(' ')}\n`),
  printf: new GoFunction(
    ['string', 'any'],
    (format: string, ...values: unknown[]) => sprintf(format, values),
    {
      variadic: true,
    },
  ),
  html: any((...values: unknown[]) => escapeHtmlPlainly(printed(values))),
  js: any((...values: unknown[]) => escapeJsPlainly(printed(values))),
  urlquery: any((...values: unknown[]) => escapeUrlQuery(printed(values))),
};
