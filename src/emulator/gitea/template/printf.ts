import { formatFloat, formatValue, quote, typeName } from './format.ts';
import { kindOf } from './value.ts';

interface Directive {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly verb: string;
}

const directive = /%([-+ #0]*)(\d*)(?:\.(\d*))?(.)/gsu;

function pad(text: string, { flags, width }: Directive, numeric: boolean): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (flags.includes('0') && numeric) {
    const sign = /^[+-]/.exec(text)?.[0] ?? '';
    return sign + '0'.repeat(missing) + text.slice(sign.length);
  }
  return ' '.repeat(missing) + text;
}

function signed(text: string, flags: string): string {
  if (text.startsWith('-')) return text;
  if (flags.includes('+')) return `+${text}`;
  return flags.includes(' ') ? ` ${text}` : text;
}

function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

const integerBase: Record<string, number> = { d: 10, b: 2, o: 8, x: 16, X: 16 };

/** One operand by its verb; `undefined` when the verb does not fit the operand. */
function formatOperand(value: unknown, { verb, flags, precision }: Directive): string | undefined {
  const kind = kindOf(value);
  if (verb === 'v') {
    const text = formatValue(value);
    return kind === 'int' || kind === 'float' ? signed(text, flags) : text;
  }
  if (verb === 'T') return typeName(value);
  if (verb === 't') return kind === 'bool' ? String(value) : undefined;
  if (kind === 'slice' && 'sqdxX'.includes(verb)) {
    const parts = (value as unknown[]).map((entry) =>
      formatOperand(entry, { verb, flags, precision, width: 0 }),
    );
    return parts.includes(undefined) ? undefined : `[${parts.join(' ')}]`;
  }
  if (kind === 'string' || kind === 'html') {
    const text = formatValue(value);
    if (verb === 's') return precision === undefined ? text : [...text].slice(0, precision).join('');
    if (verb === 'q') return quote(text);
    if (verb === 'x' || verb === 'X') {
      const hex = Buffer.from(text).toString('hex');
      return verb === 'X' ? hex.toUpperCase() : hex;
    }
    return undefined;
  }
  if (kind === 'int') {
    if (verb === 'c') return String.fromCodePoint(Number(value));
    if (verb === 'q') return `'${String.fromCodePoint(Number(value))}'`;
    const base = integerBase[verb];
    if (base === undefined) return undefined;
    const digits = (value as number | bigint).toString(base);
    return signed(verb === 'X' ? digits.toUpperCase() : digits, flags);
  }
  if (kind === 'float') {
    const number = value as number;
    if (verb === 'f' || verb === 'F') return signed(number.toFixed(precision ?? 6), flags);
    if (verb === 'e') return signed(exponent(number.toExponential(precision ?? 6)), flags);
    if (verb === 'g')
      return signed(
        precision === undefined ? formatFloat(number) : formatFloat(Number(number.toPrecision(precision))),
        flags,
      );
  }
  return undefined;
}

/** Go's fmt.Sprintf for the verbs that templates use, with Go's marks for operands that do not fit. */
export function sprintf(format: string, operands: readonly unknown[]): string {
  let next = 0;
  const text = format.replace(directive, (_match, flags: string, width: string, precision, verb: string) => {
    if (verb === '%') return '%';
    if (next >= operands.length) return `%!${verb}(MISSING)`;
    const value = operands[next++];
    const found: Directive = {
      flags,
      width: Number(width || 0),
      precision: precision === undefined ? undefined : Number(precision || 0),
      verb,
    };
    const kind = kindOf(value);
    if ((kind === 'nil' || kind === 'invalid') && verb !== 'v') return `%!${verb}(<nil>)`;
    const formatted = formatOperand(value, found);
    if (formatted === undefined) return `%!${verb}(${typeName(value)}=${formatValue(value)})`;
    return pad(formatted, found, kind === 'int' || kind === 'float');
  });
  if (next >= operands.length) return text;
  const extra = operands.slice(next).map((value) => `${typeName(value)}=${formatValue(value)}`);
  return `${text}%!(EXTRA ${extra.join(', ')})`;
}
