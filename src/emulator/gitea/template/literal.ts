const escapes: Record<string, string> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** The value of a Go string or character literal; `undefined` when it is malformed. */
export function unquote(literal: string): string | undefined {
  const body = literal.slice(1, -1);
  if (literal.startsWith('`')) return body;
  let valid = true;
  const text = body.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.))/gs,
    (_match, x?: string, u?: string, long?: string, octal?: string, single?: string) => {
      const hex = x ?? u ?? long;
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      const known = escapes[single ?? ''];
      if (known === undefined) valid = false;
      return known ?? '';
    },
  );
  return valid ? text : undefined;
}

/** The value of a Go number literal; `undefined` when it is malformed. */
export function parseNumber(literal: string): number | undefined {
  const negative = literal.startsWith('-');
  const digits = literal.replace(/^[+-]/, '').replaceAll('_', '');
  // 017 is octal in Go.
  const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  if (Number.isNaN(value)) return undefined;
  return negative ? -value : value;
}
