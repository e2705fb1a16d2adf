import { invalid } from '../../errors.ts';

export interface Token {
  kind: 'identifier' | 'string' | 'number' | 'comparator' | 'word' | '(' | ')' | ',';
  /** As written. */
  text: string;
}

/**
 * A key may be quoted with `"`, `'` or backticks, and must be where it holds a `-`, a `/` or a space; what follows the
 * first dot of a bare one may hold further dots. After a part in single quotes nothing more comes.
 */
const identifier =
  /(?:[\p{L}_][\p{L}\p{N}_]*|`[^`]*`)(?:\.(?:[\p{L}\p{N}_]+|"[^"]*"|`[^`]*`)?)+(?:(?<=\.)'(?:''|\\'|[^'])*')?/uy;
/** No sign but a minus, also in the exponent, which a number without digits before its point cannot have (sqlparse). */
const number = /-?\d+(?:\.\d+)?e-?\d+|-?(?:\d+\.\d*|\.\d+|\d+)(?![\d_a-zÀ-ü])/iuy;
const patterns: [Token['kind'] | 'space', RegExp][] = [
  ['space', /\s+/y],
  ['identifier', identifier],
  ['string', /'(?:''|\\'|[^'])*'|"(?:""|\\"|[^"])*"|`[^`]*`/y],
  ['number', number],
  ['comparator', /<=|>=|!=|<>|==|=|<|>/y],
  ['word', /[\p{L}_][\p{L}\p{N}_]*/uy],
  ['(', /\(/y],
  [')', /\)/y],
  [',', /,/y],
];

/** Splits a filter into tokens. @throws ApiError 400 that quotes what cannot be read. */
export function tokenize(filter: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  scan: while (at < filter.length) {
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = at;
      const [text] = pattern.exec(filter) ?? [];
      if (!text) continue;
      if (kind !== 'space') tokens.push({ kind, text });
      at += text.length;
      continue scan;
    }
    throw invalid(`Invalid clause(s) in filter string: '${filter.slice(at, at + 40)}'`);
  }
  return tokens;
}

/** Whether a token may name an attribute by itself: single quotes make a value. */
export const isQuotedName = ({ kind, text }: Token) => kind === 'string' && !text.startsWith("'");

/** A quoted text's content. MLflow knows no escape: what stands between the quotes is the value. */
export function unquote(text: string): string {
  return /^(['"`]).*\1$/su.test(text) && text.length >= 2 ? text.slice(1, -1) : text;
}
