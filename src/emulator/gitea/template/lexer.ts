/**
 * The lexer of Go's text/template (src/text/template/parse/lex.go), in one file because each state needs the
 * others: text, trim markers, comments, and the tokens inside an action. Spaces are tokens, since `.A.B` and
 * `.A .B` differ.
 */
import { TemplateError } from './template-error.ts';

export type TokenType =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'field'
  | 'variable'
  | 'dot'
  | 'nil'
  | 'bool'
  | 'number'
  | 'char'
  | 'string'
  | 'identifier'
  | 'keyword'
  | 'pipe'
  | 'lparen'
  | 'rparen'
  | 'declare'
  | 'assign'
  | 'comma'
  | 'eof';

export interface Token {
  readonly type: TokenType;
  readonly text: string;
  readonly line: number;
}

const keywords = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
]);
const spaces = /^[ \t\r\n]+/;
const trailingSpace = /[ \t\r\n]+$/;
const patterns: readonly [TokenType, RegExp][] = [
  ['space', spaces],
  ['declare', /^:=/],
  ['assign', /^=/],
  ['pipe', /^\|/],
  ['lparen', /^\(/],
  ['rparen', /^\)/],
  ['comma', /^,/],
  ['string', /^"(?:[^"\\\n]|\\[^\n])*"/],
  ['string', /^`[^`]*`/],
  ['char', /^'(?:[^'\\\n]|\\[^\n])*'/],
  ['number', /^[+-]?(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?)/],
  ['number', /^[+-]?\.\d+(?:[eE][+-]?\d+)?/],
  ['variable', /^\$[\p{L}\p{Nd}_]*/u],
  ['field', /^\.[\p{L}\p{Nd}_]+/u],
  ['dot', /^\./],
  ['identifier', /^[\p{L}_][\p{L}\p{Nd}_]*/u],
];
const atTerminator = /^(?:$|[ \t\r\n.,|:)(]|\}\})/;
const needTerminator = new Set<TokenType>(['field', 'variable', 'identifier', 'number']);

function classify(type: TokenType, text: string): TokenType {
  if (type !== 'identifier') return type;
  if (keywords.has(text)) return 'keyword';
  if (text === 'true' || text === 'false') return 'bool';
  return text === 'nil' ? 'nil' : 'identifier';
}

/** The tokens of a template; throws {@link TemplateError} on what Go's lexer refuses. */
export function tokenize(name: string, source: string): Token[] {
  const tokens: Token[] = [];
  let rest = source;
  let line = 1;
  const take = (length: number): string => {
    const text = rest.slice(0, length);
    rest = rest.slice(length);
    line += text.split('\n').length - 1;
    return text;
  };
  const push = (type: TokenType, text: string, at: number) => tokens.push({ type, text, line: at });
  const fail = (message: string): never => {
    throw new TemplateError(name, line, message);
  };

  for (;;) {
    const open = rest.indexOf('{{');
    const start = line;
    let text = take(open < 0 ? rest.length : open);
    const trimmed = open >= 0 && /^\{\{-[ \t\r\n]/.test(rest);
    if (trimmed) text = text.replace(trailingSpace, '');
    if (text !== '') push('text', text, start);
    if (open < 0) break;
    take(trimmed ? 4 : 2);
    if (rest.startsWith('/*')) {
      const end = rest.indexOf('*/');
      if (end < 0) fail('unclosed comment');
      take(end + 2);
      const close = /^(?:[ \t\r\n]-)?\}\}/.exec(rest)?.[0];
      if (close === undefined) fail('comment ends before closing delimiter');
      take((close as string).length);
      if ((close as string).length > 2) take(spaces.exec(rest)?.[0].length ?? 0);
      continue;
    }
    push('left', '{{', line);
    lexAction();
  }
  push('eof', '', line);
  return tokens;

  function lexAction(): void {
    let depth = 0;
    for (;;) {
      const close = /^(?:[ \t\r\n]-)?\}\}/.exec(rest)?.[0];
      if (close !== undefined) {
        if (depth > 0) fail('unclosed left paren');
        push('right', '}}', line);
        take(close.length);
        if (close.length > 2) take(spaces.exec(rest)?.[0].length ?? 0);
        return;
      }
      if (rest === '') fail('unclosed action');
      depth += nextToken();
      if (depth < 0) fail('unexpected right paren');
    }
  }

  function nextToken(): number {
    for (const [type, pattern] of patterns) {
      let text = pattern.exec(rest)?.[0];
      if (text === undefined) continue;
      // A space that opens a trim marker (`x -}}`) belongs to the marker.
      if (type === 'space' && rest.startsWith('-}}', text.length)) text = text.slice(0, -1);
      if (text === '') continue;
      const at = line;
      take(text.length);
      if (needTerminator.has(type) && !atTerminator.test(rest)) fail(`bad character ${rest.slice(0, 1)}`);
      push(classify(type, text), text, at);
      return type === 'lparen' ? 1 : type === 'rparen' ? -1 : 0;
    }
    if (/^["'`]/.test(rest)) fail('unterminated quoted string');
    return fail(`unexpected ${JSON.stringify(rest.slice(0, 1))} in action`);
  }
}
