/** The escaping functions of Go's html/template (src/html/template/{html,js,css,url}.go). */
import { sprint } from './format.ts';
import { kindOf, mapEntries, SafeHtml } from './value.ts';

/** What Go writes where a value may not stand. */
export const refused = 'ZgotmplZ';

/** A value as text: nothing for nil, as html/template prints it. */
export function stringify(value: unknown): string {
  if (value === undefined || value === null) return '';
  return value instanceof SafeHtml ? value.html : sprint([value]);
}

const entities: Record<string, string> = {
  '\0': '&#xfffd;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\v': '&#11;',
  '\f': '&#12;',
  '\r': '&#13;',
  ' ': '&#32;',
  '"': '&#34;',
  '&': '&amp;',
  "'": '&#39;',
  '+': '&#43;',
  '<': '&lt;',
  '=': '&#61;',
  '>': '&gt;',
  '`': '&#96;',
};
const entity = (character: string): string => entities[character] as string;

/** A value in text or a quoted attribute. Safe markup passes in text and loses its tags in an attribute. */
export function escapeHtml(value: unknown, where: 'text' | 'attribute' | 'rcdata'): string {
  const text = stringify(value);
  if (value instanceof SafeHtml) {
    if (where === 'text') return text;
    const plain = where === 'attribute' ? stripTags(text) : text;
    return plain.replace(/[\0"'+<>]/g, entity);
  }
  return text.replace(/[\0"&'+<>]/g, entity);
}

/** A value in an unquoted attribute. */
export function escapeUnquoted(value: unknown): string {
  const text = value instanceof SafeHtml ? stripTags(value.html) : stringify(value);
  if (text === '') return refused;
  const set = value instanceof SafeHtml ? /[\0\t\n\v\f\r "'+<=>`]/g : /[\0\t\n\v\f\r "&'+<=>`]/g;
  return text.replace(set, entity);
}

function stripTags(html: string): string {
  return html.replace(/<!--[\s\S]*?(?:-->|$)|<\/?[a-zA-Z][^>]*(?:>|$)/g, '');
}

/** A whole URL: one with a scheme other than http, https and mailto is replaced. */
export function filterUrl(text: string): string {
  const colon = text.indexOf(':');
  if (colon < 0 || text.slice(0, colon).includes('/')) return text;
  return /^(?:https?|mailto)$/i.test(text.slice(0, colon)) ? text : `#${refused}`;
}

/** A part of a URL: `normalize` keeps reserved characters and escapes, `component` escapes them too. */
export function escapeUrl(text: string, how: 'normalize' | 'component'): string {
  let out = '';
  const bytes = Buffer.from(text);
  bytes.forEach((byte, index) => {
    const character = String.fromCharCode(byte);
    const escaped = `%${byte.toString(16).padStart(2, '0')}`;
    if (/[A-Za-z0-9\-._~]/.test(character)) out += character;
    else if (how === 'normalize' && '!#$&*+,/:;=?@[]'.includes(character)) out += character;
    else if (
      how === 'normalize' &&
      character === '%' &&
      /^[\da-fA-F]{2}$/.test(bytes.subarray(index + 1, index + 3).toString('latin1'))
    ) {
      out += character;
    } else out += escaped;
  });
  return out;
}

/** Go's json.Marshal: sorted keys, and <, >, &, U+2028, U+2029 as \u escapes. */
export function marshalJson(value: unknown): string {
  switch (kindOf(value)) {
    case 'slice':
      return `[${(value as unknown[]).map(marshalJson).join(',')}]`;
    case 'map':
    case 'struct':
      return `{${mapEntries(value)
        .map(([key, entry]) => `${marshalJson(key)}:${marshalJson(entry)}`)
        .join(',')}}`;
    case 'invalid':
    case 'nil':
      return 'null';
    case 'func':
      throw new Error('json: unsupported type: func');
    case 'html':
      return marshalJson((value as SafeHtml).html);
    default:
      return JSON.stringify(value).replace(
        /[<>&\u2028\u2029]/g,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
  }
}

/** A value where JavaScript expects an expression: JSON, padded so that it cannot join a word. */
export function escapeJsValue(value: unknown): string {
  const json = marshalJson(value);
  return /^[\w$]/.test(json) || /[\w$]$/.test(json) ? ` ${json} ` : json;
}

const jsEscapes: Record<string, string> = {
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '/': '\\/',
  '\\': '\\\\',
};

/** A value within a JavaScript string; `extra` names further characters that end the literal. */
export function escapeJsString(text: string, extra = ''): string {
  return [...text]
    .map((character) => {
      const named = jsEscapes[character];
      if (named !== undefined) return named;
      if (/[\0\v"&'+<>`\u2028\u2029]/.test(character) || extra.includes(character)) {
        return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
      }
      return character;
    })
    .join('');
}

const cssEscapes = /[\0\t\n\f\r"&'()+/:;<>\\{}]/g;

/** A value within a CSS string. */
export function escapeCssString(text: string): string {
  return text.replace(cssEscapes, (character, offset: number) => {
    if (character === '\\') return '\\\\';
    const next = text[offset + 1] ?? '';
    return `\\${character.charCodeAt(0).toString(16)}${next === '' || /[\da-fA-F\s]/.test(next) ? ' ' : ''}`;
  });
}

/** A value where CSS expects one: refused when it could leave its place. */
export function filterCssValue(value: unknown): string {
  const text = stringify(value);
  if (/[\0"'()/;@[\\\]`{}<>]|--/.test(text)) return refused;
  const name = text.toLowerCase().replace(/[^a-z0-9_-]/g, '');
  return name.includes('expression') || name.includes('mozbinding') ? refused : text;
}

/** An attribute's or element's name. Names that carry script, style or URLs are refused. */
export function filterName(text: string, carriesPlainText: (name: string) => boolean): string {
  if (text === '') return refused;
  const name = text.toLowerCase();
  if (!carriesPlainText(name) || !/^[a-z0-9]+$/.test(name)) return refused;
  return text;
}
