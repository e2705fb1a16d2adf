/**
 * Markdown as Gitea shows it: tables with alignment, task lists, alerts, details, links to issues, commits and
 * people; HTML is sanitised. Code in the language `mermaid` stays a code block: Gitea's own script would draw
 * it, the emulator does not.
 */

import type { Token } from 'markdown-it';
import MarkdownIt from 'markdown-it';
import { SafeHtml } from '../template/value.ts';
import { escapeText } from './html.ts';
import { icon } from './icon.ts';
import { sanitize } from './sanitize.ts';

export interface MarkdownPlace {
  /** RepoLink of the repository that the text belongs to. */
  readonly repositoryLink: string;
  /** For files: the address below which relative links and images lie, for example `/o/r/src/branch/main`. */
  readonly fileLink?: string;
  readonly subUrl: string;
  /** Comments keep their line breaks; files do not. */
  readonly lineBreaks: boolean;
  /** Full SHAs by what the text may call them. */
  readonly commits: ReadonlyMap<string, string>;
  readonly isUser: (name: string) => boolean;
}

const alerts: Readonly<Record<string, string>> = {
  note: 'octicon-info',
  tip: 'octicon-light-bulb',
  important: 'octicon-report',
  warning: 'octicon-alert',
  caution: 'octicon-stop',
};
const reference = /(^|[\s([{'"])(?:#(\d+)|@([A-Za-z0-9][\w.-]{0,39})|([\da-f]{7,40}))(?=$|[\s)\]}.,:;!?'"])/g;

/** Strings of a text that may name commits, to be looked up before rendering. */
export function commitCandidates(source: string): string[] {
  const found = [...source.matchAll(reference)].map((match) => match[4]).filter((sha) => sha !== undefined);
  return [...new Set(found)].slice(0, 50);
}

/** The HTML of a Markdown text. */
export function renderMarkdown(source: string, place: MarkdownPlace): SafeHtml {
  const markdown = new MarkdownIt({ html: true, linkify: true, breaks: place.lineBreaks });
  markdown.renderer.rules.fence = (tokens, index) => {
    const token = tokens[index] as Token;
    const language = token.info.trim().split(/\s+/)[0] ?? '';
    const name = /^[\w+#.-]{1,40}$/.test(language) ? ` class="language-${language}"` : '';
    return `<pre class="code-block"><code${name}>${escapeText(token.content)}</code></pre>\n`;
  };
  markdown.core.ruler.push('gitea', (state) => {
    state.tokens.forEach((token, index) => {
      if (token.type === 'paragraph_open') token.attrSet('dir', 'auto');
      if (token.type === 'heading_open') token.attrSet('id', slug(state.tokens[index + 1]?.content ?? ''));
      if (token.type === 'inline') {
        markTask(state.tokens, index);
        markAlert(state.tokens, index);
        linkReferences(token, place);
      }
    });
  });
  const safe = sanitize(markdown.render(source), (address, kind) => resolve(address, kind, place));
  return new SafeHtml(
    safe.replace(/<strong class="attention-(\w+)">/g, (whole, kind: string) => {
      const glyph = icon(alerts[kind] ?? 'octicon-info', 16, `attention-icon attention-${kind}`);
      return glyph.html + whole;
    }),
  );
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s+/g, '-');
}

function resolve(address: string, kind: 'link' | 'image', place: MarkdownPlace): string | undefined {
  if (/^(?:[a-z][a-z\d+.-]*:|\/\/)/i.test(address)) return address;
  if (address.startsWith('#')) return `#user-content-${address.slice(1).replace(/^user-content-/, '')}`;
  // Links that the renderer itself made are complete already.
  if (address.startsWith(`${place.repositoryLink}/`)) return address;
  const mention = /^\/([\w.-]+)$/.exec(address.slice(place.subUrl.length))?.[1];
  if (mention !== undefined && address.startsWith(place.subUrl) && place.isUser(mention)) return address;
  const base =
    place.fileLink === undefined
      ? place.repositoryLink
      : kind === 'image'
        ? place.fileLink.replace('/src/', '/raw/')
        : place.fileLink;
  const path = address.replaceAll('\\', '/').replace(/^\/+/, '');
  const [pathname = '', tail = ''] = path.split(/(?=[?#])(.*)/s);
  // `..` climbs within the repository, never out of it.
  const parts = base.slice(place.repositoryLink.length).split('/').slice(1);
  for (const part of pathname.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return `${[place.repositoryLink, ...parts].join('/')}${tail}`;
}

function markTask(tokens: readonly Token[], index: number): void {
  const item = tokens[index - 2];
  const first = tokens[index]?.children?.[0];
  if (item?.type !== 'list_item_open' || first?.type !== 'text') return;
  const match = /^\[([ xX])\] /.exec(first.content);
  if (match === null) return;
  item.attrSet('class', 'task-list-item');
  first.content = first.content.slice(match[0].length);
  const box = new (first.constructor as typeof Token)('html_inline', '', 0);
  box.content = `<input type="checkbox" disabled${match[1] === ' ' ? '' : ' checked'}> `;
  tokens[index]?.children?.unshift(box);
}

function markAlert(tokens: readonly Token[], index: number): void {
  const quote = tokens[index - 2];
  const children = tokens[index]?.children;
  const first = children?.[0];
  if (quote?.type !== 'blockquote_open' || first?.type !== 'text' || children == null) return;
  const kind = /^\[!(note|tip|important|warning|caution)\]\s*$/i.exec(first.content)?.[1]?.toLowerCase();
  if (kind === undefined) return;
  quote.attrSet('class', `attention-header attention-${kind}`);
  first.type = 'html_inline';
  first.content = `<strong class="attention-${kind}">${kind[0]?.toUpperCase()}${kind.slice(1)}</strong>`;
  if (children[1]?.type === 'softbreak') {
    children[1].type = 'html_inline';
    children[1].content = '</p><p dir="auto">';
  }
}

/** Turns `#1`, `@ada` and SHAs in running text into links; not within links or code. */
function linkReferences(token: Token, place: MarkdownPlace): void {
  let depth = 0;
  for (const child of token.children ?? []) {
    if (child.type === 'link_open' || (child.type === 'html_inline' && /^<a[\s>]/i.test(child.content)))
      depth++;
    if (child.type === 'link_close' || (child.type === 'html_inline' && /^<\/a/i.test(child.content)))
      depth--;
    if (child.type !== 'text' || depth > 0 || !/[#@]|[\da-f]{7}/.test(child.content)) continue;
    let from = 0;
    let out = '';
    for (const match of child.content.matchAll(reference)) {
      const [whole, before = '', issue, user, sha] = match;
      const link = issueLink(issue, place) ?? userLink(user, place) ?? commitLink(sha, place);
      if (link === undefined) continue;
      out += escapeText(child.content.slice(from, match.index) + before) + link;
      from = match.index + whole.length;
    }
    if (from === 0) continue;
    child.type = 'html_inline';
    child.content = out + escapeText(child.content.slice(from));
  }
}

function issueLink(issue: string | undefined, place: MarkdownPlace): string | undefined {
  if (issue === undefined) return undefined;
  return `<a href="${escapeText(place.repositoryLink)}/issues/${issue}" class="ref-issue">#${issue}</a>`;
}

function userLink(name: string | undefined, place: MarkdownPlace): string | undefined {
  if (name === undefined || !place.isUser(name)) return undefined;
  return `<a href="${escapeText(`${place.subUrl}/${name}`)}" class="mention">@${escapeText(name)}</a>`;
}

function commitLink(text: string | undefined, place: MarkdownPlace): string | undefined {
  const sha = text === undefined ? undefined : place.commits.get(text);
  if (sha === undefined) return undefined;
  return `<a href="${escapeText(place.repositoryLink)}/commit/${sha}" class="commit"><code>${sha.slice(0, 10)}</code></a>`;
}
