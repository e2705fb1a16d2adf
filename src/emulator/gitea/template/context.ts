/**
 * Where in an HTML page the output stands, as html/template tracks it (src/html/template/{context,transition}.go).
 * Longer than other files, since it is one state machine: each state's rule hands over to the others'. Go works
 * the contexts out before execution and refuses branches that end differently; here they follow the output that
 * really comes, which gives the same escaping for every template that Go accepts.
 */
import type { AttributeKind } from './attribute.ts';
import { attributeKind } from './attribute.ts';

export type State =
  | 'text'
  | 'tag'
  | 'attributeName'
  | 'afterName'
  | 'beforeValue'
  | 'comment'
  | 'rcdata'
  | 'attribute'
  | 'url'
  | 'js'
  | 'jsDouble'
  | 'jsSingle'
  | 'jsTemplate'
  | 'jsRegexp'
  | 'jsBlockComment'
  | 'jsLineComment'
  | 'css'
  | 'cssDouble'
  | 'cssSingle'
  | 'cssComment';

/** How the attribute's value ends. */
export type Delimiter = 'none' | 'double' | 'single' | 'space';

export interface Context {
  state: State;
  delimiter: Delimiter;
  /** Whether a URL still is before its query. */
  urlPart: 'none' | 'path' | 'query';
  attribute: AttributeKind;
  /** The raw-text element that the output is in or that the open tag starts. */
  element: '' | 'script' | 'style' | 'textarea' | 'title';
  /** Whether a slash would start a regular expression. */
  regexpAllowed: boolean;
  /** Depths of `${…}` within template literals. */
  braces: number[];
}

export function initialContext(): Context {
  return {
    state: 'text',
    delimiter: 'none',
    urlPart: 'none',
    attribute: 'plain',
    element: '',
    regexpAllowed: true,
    braces: [],
  };
}

const rawElement = /^(?:script|style|textarea|title)$/;
const attributeStart: Record<AttributeKind, State> = {
  plain: 'attribute',
  scriptType: 'attribute',
  name: 'attribute',
  url: 'url',
  js: 'js',
  css: 'css',
};
const scriptTypes =
  /^(?:(?:application|text)\/(?:ecmascript|javascript|json|ld\+json|x-ecmascript|x-javascript|jscript|livescript)|module|)$/;

/** Moves over template text; gives what of it is output: comments are dropped and stray `<` escaped, as in Go. */
export function advance(context: Context, text: string): string {
  let out = '';
  let rest = text;
  while (rest !== '') {
    const before = context.state;
    const inAttribute = context.delimiter !== 'none';
    const length = step(context, rest);
    const piece = rest.slice(0, length);
    rest = rest.slice(length);
    out += inAttribute ? piece : printed(before, context.state, piece);
  }
  return out;
}

const commentOpening: Partial<Record<State, string>> = {
  comment: '<!--',
  jsBlockComment: '/*',
  jsLineComment: '//',
  cssComment: '/*',
};

function printed(before: State, after: State, piece: string): string {
  // A comment in a script or style sheet counts as white space there.
  if (before === 'jsBlockComment') return /[\n\r\u2028\u2029]/.test(piece) ? '\n' : ' ';
  if (before === 'cssComment') return ' ';
  if (before === 'comment' || before === 'jsLineComment') return '';
  const opening = before === after ? undefined : commentOpening[after];
  const kept = opening === undefined ? piece : piece.slice(0, piece.lastIndexOf(opening));
  if (before !== 'text' && before !== 'rcdata') return kept;
  const end = before === after || opening !== undefined ? kept.length : kept.lastIndexOf('<');
  return kept.slice(0, end).replace(/<(?!!doctype)/gi, '&lt;') + kept.slice(end);
}

/** After a value was written: an unquoted attribute has begun, a name has been given. */
export function settle(context: Context): void {
  if (context.state === 'beforeValue') {
    context.state = attributeStart[context.attribute];
    context.delimiter = 'space';
  } else if (context.state === 'tag') {
    context.state = 'attributeName';
    context.attribute = 'name';
  } else if (context.state === 'afterName') {
    context.state = 'attributeName';
    context.attribute = 'name';
  }
}

/** Consumes some characters of `text` in the current state; gives how many. */
function step(context: Context, text: string): number {
  if (context.delimiter !== 'none') return insideAttribute(context, text);
  switch (context.state) {
    case 'text':
      return inText(context, text);
    case 'comment': {
      const end = text.indexOf('-->');
      if (end < 0) return text.length;
      context.state = 'text';
      return end + 3;
    }
    case 'tag':
    case 'attributeName':
    case 'afterName':
    case 'beforeValue':
      return inTag(context, text);
    default:
      return untilClosed(context, text);
  }
}

function inText(context: Context, text: string): number {
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) {
    if (text.startsWith('<!--', at)) {
      context.state = 'comment';
      return at + 4;
    }
    const tag = /^<(\/?)([a-zA-Z][a-zA-Z0-9:-]*)/.exec(text.slice(at));
    if (tag === null) continue;
    const name = (tag[2] as string).toLowerCase();
    context.state = 'tag';
    context.element = tag[1] === '' && rawElement.test(name) ? (name as Context['element']) : '';
    return at + tag[0].length;
  }
  return text.length;
}

function inTag(context: Context, text: string): number {
  const space = /^\s+/.exec(text)?.[0].length ?? 0;
  if (context.state === 'beforeValue') {
    if (space > 0) return space;
    const first = text[0];
    context.delimiter = first === '"' ? 'double' : first === "'" ? 'single' : 'space';
    if (first === '>') return closeTag(context);
    context.state = attributeStart[context.attribute];
    context.urlPart = 'none';
    context.regexpAllowed = true;
    return context.delimiter === 'space' ? 0 : 1;
  }
  if (context.state === 'attributeName') {
    const name = /^[^\s=>/]*/.exec(text)?.[0] ?? '';
    context.state = 'afterName';
    return name.length;
  }
  if (space > 0) return space;
  if (text[0] === '>') return closeTag(context);
  if (context.state === 'afterName' && text[0] === '=') {
    context.state = 'beforeValue';
    return 1;
  }
  if (text[0] === '/') return 1;
  const name = /^[^\s=>/]+/.exec(text)?.[0] ?? text[0]!;
  context.attribute = attributeKind(name.toLowerCase(), context.element);
  context.state = name.length === text.length ? 'attributeName' : 'afterName';
  return name.length;
}

function closeTag(context: Context): number {
  context.delimiter = 'none';
  context.attribute = 'plain';
  context.regexpAllowed = true;
  const inside: Record<Context['element'], State> = {
    '': 'text',
    script: 'js',
    style: 'css',
    textarea: 'rcdata',
    title: 'rcdata',
  };
  context.state = inside[context.element];
  return 1;
}

const attributeEnd: Record<Delimiter, RegExp> = {
  none: /$^/,
  double: /"/,
  single: /'/,
  space: /[\s>]/,
};

function insideAttribute(context: Context, text: string): number {
  const end = text.search(attributeEnd[context.delimiter]);
  const value = end < 0 ? text : text.slice(0, end);
  consume(context, value.replaceAll('&#34;', '"').replaceAll('&quot;', '"').replaceAll('&amp;', '&'));
  if (end < 0) return text.length;
  if (context.attribute === 'scriptType' && !scriptTypes.test(value.trim().toLowerCase()))
    context.element = '';
  const quoted = context.delimiter !== 'space';
  Object.assign(context, {
    state: 'tag',
    delimiter: 'none',
    attribute: 'plain',
    urlPart: 'none',
    braces: [],
  });
  return quoted ? end + 1 : end;
}

/** Within a raw-text element: one step, at most up to its closing tag. */
function untilClosed(context: Context, text: string): number {
  const closing = new RegExp(`</${context.element}(?=[\\s/>]|$)`, 'i').exec(text);
  const content = closing === null ? text : text.slice(0, closing.index);
  if (content !== '') return consumeScript(context, content);
  Object.assign(context, { state: 'tag', element: '', braces: [], regexpAllowed: true });
  return (closing as RegExpExecArray)[0].length;
}

/** Moves over the content of an attribute or raw-text element. */
function consume(context: Context, content: string): void {
  if (context.state === 'url') {
    if (/[?#]/.test(content)) context.urlPart = 'query';
    else if (content.trim() !== '' && context.urlPart === 'none') context.urlPart = 'path';
    return;
  }
  let rest = content;
  while (rest !== '') rest = rest.slice(consumeScript(context, rest));
}

/** Where each state of a script or style sheet ends, and what follows. Backslashes escape within strings. */
const endings: Partial<Record<State, readonly [RegExp, State]>> = {
  jsDouble: [/^(?:[^"\\]|\\[\s\S])*"/, 'js'],
  jsSingle: [/^(?:[^'\\]|\\[\s\S])*'/, 'js'],
  jsRegexp: [/^(?:[^/\\[]|\\[\s\S]|\[(?:[^\]\\]|\\[\s\S])*\])*\//, 'js'],
  jsBlockComment: [/^[\s\S]*?\*\//, 'js'],
  jsLineComment: [/^[^\n\r\u2028\u2029]*(?=[\n\r\u2028\u2029])/, 'js'],
  cssDouble: [/^(?:[^"\\]|\\[\s\S])*"/, 'css'],
  cssSingle: [/^(?:[^'\\]|\\[\s\S])*'/, 'css'],
  cssComment: [/^[\s\S]*?\*\//, 'css'],
};

function consumeScript(context: Context, text: string): number {
  const ending = endings[context.state];
  if (ending !== undefined) {
    const match = ending[0].exec(text);
    if (match === null) return text.length;
    context.state = ending[1];
    context.regexpAllowed = false;
    return match[0].length;
  }
  if (context.state === 'css') return inCss(context, text);
  if (context.state === 'js') return inJs(context, text);
  if (context.state === 'jsTemplate') return inTemplateLiteral(context, text);
  return text.length;
}

function inCss(context: Context, text: string): number {
  const at = text.search(/["']|\/\*/);
  if (at < 0) return text.length;
  context.state = text[at] === '"' ? 'cssDouble' : text[at] === "'" ? 'cssSingle' : 'cssComment';
  return at + (context.state === 'cssComment' ? 2 : 1);
}

function inJs(context: Context, text: string): number {
  const at = text.search(/["'`/{}]/);
  const passed = at < 0 ? text : text.slice(0, at);
  if (passed.trim() !== '') context.regexpAllowed = startsExpression(passed);
  if (at < 0) return text.length;
  const character = text[at];
  if (character === '"') context.state = 'jsDouble';
  else if (character === "'") context.state = 'jsSingle';
  else if (character === '`') context.state = 'jsTemplate';
  else if (text.startsWith('//', at)) context.state = 'jsLineComment';
  else if (text.startsWith('/*', at)) context.state = 'jsBlockComment';
  else if (character === '/') {
    if (context.regexpAllowed) context.state = 'jsRegexp';
    else context.regexpAllowed = true;
  } else {
    context.regexpAllowed = true;
    const depth = context.braces.length - 1;
    if (depth >= 0) {
      context.braces[depth]! += character === '{' ? 1 : -1;
      if (context.braces[depth]! < 0) {
        context.braces.pop();
        context.state = 'jsTemplate';
      }
    }
  }
  return at + (['jsLineComment', 'jsBlockComment'].includes(context.state) ? 2 : 1);
}

function inTemplateLiteral(context: Context, text: string): number {
  const match = /^(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(`|\$\{)/.exec(text);
  if (match === null) return text.length;
  context.state = 'js';
  context.regexpAllowed = match[1] === '${';
  if (match[1] === '${') context.braces.push(0);
  return match[0].length;
}

/** Go's nextJSCtx: whether a slash after this code starts a regular expression. */
function startsExpression(code: string): boolean {
  const end = code.trimEnd();
  if (
    /(?:^|[^\w$])(?:break|case|continue|delete|do|else|finally|in|instanceof|return|throw|try|typeof|void)$/.test(
      end,
    )
  ) {
    return true;
  }
  if (/(?:\+\+|--)$/.test(end)) return false;
  return /[=(,;:?!&|^~<>*%+\-[{]$/.test(end);
}
