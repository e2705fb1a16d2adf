/**
 * A strict allow-list for the HTML of comments and README files: what Gitea lets through (facts: tried on a real
 * one), nothing else. It parses tags itself and writes every kept one anew, so that nothing of the input's syntax
 * survives; the result is always balanced.
 */
import { escapeText } from './html.ts';

/** How addresses in the text become addresses on the page; undefined removes them. */
export type ResolveUrl = (address: string, kind: 'link' | 'image') => string | undefined;

const elements = new Set(
  (
    'h1 h2 h3 h4 h5 h6 br b i strong em a pre code img tt div ins del sup sub p ol ul li table thead tbody tfoot ' +
    'tr td th caption blockquote dl dt dd kbd q samp var hr ruby rt rp s strike summary details figure figcaption ' +
    'abbr bdo cite dfn mark small span time wbr progress meter input u'
  ).split(' '),
);
const voids = new Set(['br', 'hr', 'img', 'input', 'wbr']);
/** Elements whose content is not text for readers: they go with everything inside. */
const dropped = new Set(
  'script style title textarea template iframe object embed svg math noscript noembed noframes xmp plaintext select option video audio'.split(
    ' ',
  ),
);
const plainAttributes: Readonly<Record<string, readonly string[]>> = {
  '*': ['title', 'dir', 'lang', 'align'],
  img: ['alt', 'width', 'height'],
  td: ['rowspan', 'colspan'],
  th: ['rowspan', 'colspan'],
  ol: ['start'],
  details: ['open'],
  progress: ['value', 'max'],
  meter: ['value', 'min', 'max', 'low', 'high', 'optimum'],
  time: ['datetime'],
  abbr: ['title'],
};
/** Classes that the renderer itself gives; all others are lost, as in Gitea. */
const classes: Readonly<Record<string, RegExp>> = {
  a: /^(?:ref-issue|mention|commit)$/,
  code: /^language-[\w+#.-]{1,40}$/,
  pre: /^code-block$/,
  li: /^task-list-item$/,
  blockquote: /^attention-header attention-(?:note|tip|important|warning|caution)$/,
  strong: /^attention-(?:note|tip|important|warning|caution)$/,
};
const colour =
  /^(?:#[\da-f]{3,8}|(?:rgb|hsl)a?\(\s*[\d.%]+(?:deg)?(?:[\s,/]+[\d.%]+){2,3}\s*\)|[a-z]{3,30})$/i;

/** Only what is allowed of some HTML. */
export function sanitize(source: string, resolveUrl: ResolveUrl): string {
  const text = source.replaceAll('\0', '\uFFFD');
  const open: string[] = [];
  let out = '';
  let at = 0;
  while (at < text.length) {
    const next = text.indexOf('<', at);
    if (next < 0) {
      out += escapeStray(text.slice(at));
      break;
    }
    out += escapeStray(text.slice(at, next));
    const rest = text.slice(next);
    const skipped = /^<!--[\s\S]*?(?:-->|$)|^<[!?][^>]*(?:>|$)/.exec(rest)?.[0];
    const tag = skipped === undefined ? readTag(rest) : undefined;
    if (skipped !== undefined) {
      at = next + skipped.length;
    } else if (tag === undefined) {
      out += '&lt;';
      at = next + 1;
    } else if (dropped.has(tag.name)) {
      at = next + tag.length + (tag.closing ? 0 : droppedLength(rest.slice(tag.length), tag.name));
    } else {
      out += writeTag(tag, open, resolveUrl);
      at = next + tag.length;
    }
  }
  return (
    out +
    open
      .reverse()
      .map((name) => `</${name}>`)
      .join('')
  );
}

interface Tag {
  readonly name: string;
  readonly closing: boolean;
  readonly attributes: ReadonlyMap<string, string>;
  readonly length: number;
}

const attributePattern = /^[\s/]*([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?/;

function readTag(text: string): Tag | undefined {
  const start = /^<(\/?)([a-zA-Z][a-zA-Z0-9:-]*)/.exec(text);
  if (start === null) return undefined;
  const attributes = new Map<string, string>();
  let at = start[0].length;
  for (;;) {
    const end = /^[\s/]*>/.exec(text.slice(at));
    if (end !== null) {
      at += end[0].length;
      break;
    }
    const attribute = attributePattern.exec(text.slice(at));
    if (attribute === null) return undefined;
    const name = (attribute[1] as string).toLowerCase();
    if (!attributes.has(name)) {
      attributes.set(name, decodeEntities(attribute[2] ?? attribute[3] ?? attribute[4] ?? ''));
    }
    at += attribute[0].length;
  }
  return { name: (start[2] as string).toLowerCase(), closing: start[1] === '/', attributes, length: at };
}

function droppedLength(rest: string, name: string): number {
  if (name === 'embed') return 0;
  const end = new RegExp(`</${name}[^>]*>`, 'i').exec(rest);
  return end === null ? rest.length : end.index + end[0].length;
}

function writeTag(tag: Tag, open: string[], resolveUrl: ResolveUrl): string {
  if (!elements.has(tag.name)) return '';
  if (tag.closing) {
    const depth = open.lastIndexOf(tag.name);
    if (depth < 0) return '';
    return open
      .splice(depth)
      .reverse()
      .map((name) => `</${name}>`)
      .join('');
  }
  if (tag.name === 'input') {
    if (tag.attributes.get('type') !== 'checkbox') return '';
    return `<input type="checkbox" disabled${tag.attributes.has('checked') ? ' checked' : ''}>`;
  }
  const attributes = keptAttributes(tag, resolveUrl);
  if (tag.name === 'img' && !attributes.has('src')) return '';
  if (!voids.has(tag.name)) open.push(tag.name);
  const written = [...attributes].map(([name, value]) => ` ${name}="${escapeText(value)}"`).join('');
  return `<${tag.name}${written}>`;
}

function keptAttributes({ name, attributes }: Tag, resolveUrl: ResolveUrl): Map<string, string> {
  const kept = new Map<string, string>();
  for (const allowed of [...(plainAttributes['*'] ?? []), ...(plainAttributes[name] ?? [])]) {
    const value = attributes.get(allowed);
    if (value !== undefined) kept.set(allowed, value);
  }
  const id = attributes.get('id');
  if (id !== undefined && /^h[1-6]$/.test(name))
    kept.set('id', `user-content-${id.replace(/^user-content-/, '')}`);
  const given = attributes.get('class') ?? '';
  if (classes[name]?.test(given)) kept.set('class', given);
  const address = attributes.get(name === 'img' ? 'src' : 'href');
  if (address !== undefined && (name === 'img' || name === 'a')) {
    const resolved = safeUrl(address)
      ? resolveUrl(address.trim(), name === 'img' ? 'image' : 'link')
      : undefined;
    if (resolved !== undefined) kept.set(name === 'img' ? 'src' : 'href', resolved);
    if (name === 'a') kept.set('rel', 'nofollow');
  }
  if (attributes.has('style')) keepStyle(name, attributes.get('style') as string, kept);
  return kept;
}

/** Inline colours survive; a cell's alignment becomes its attribute; `var()` and everything else is lost. */
function keepStyle(name: string, style: string, kept: Map<string, string>): void {
  const colours: string[] = [];
  for (const declaration of style.split(';')) {
    const [property = '', value = ''] = declaration.split(/:(.*)/s).map((part) => part.trim());
    if (/^(?:background-)?color$/i.test(property) && colour.test(value)) {
      colours.push(`${property.toLowerCase()}: ${value}`);
    } else if (
      property === 'text-align' &&
      (name === 'td' || name === 'th') &&
      /^(?:left|right|center)$/.test(value)
    ) {
      kept.set('align', value);
    }
  }
  if (colours.length > 0) kept.set('style', colours.join('; '));
}

/** http, https, mailto or no scheme at all, however the scheme is disguised. */
function safeUrl(address: string): boolean {
  const bare = address.replace(/[\p{Cc}\s]/gu, '');
  const scheme = /^([^/?#]*?):/.exec(bare)?.[1];
  return scheme === undefined || /^(?:https?|mailto)$/i.test(scheme);
}

const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00A0',
};

/** References in an attribute. Unknown names stay text, since the value is escaped again when written. */
function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|(\w+));?/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return named[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\uFFFD';
  });
}

function escapeStray(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
