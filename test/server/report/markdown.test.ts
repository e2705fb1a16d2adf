import MarkdownIt from 'markdown-it';
import { describe, expect, test } from 'vitest';
import { code, fenced, html, link, text } from '../../../src/server/report/markdown.ts';

const markdown = new MarkdownIt({ html: true, linkify: true });

const hostile = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '![x](https://evil.example/x.png)',
  '[click](https://evil.example)',
  'https://evil.example/a',
  'www.evil.example',
  '<!-- gitea-databricks report -->',
  '# heading',
  '1. list',
  '- list',
  '`code` ``` fence',
  '| a | b |',
  'a\n\n<b>new paragraph</b>',
  '\u001b[31mred\u001b[0m',
  '[ref]: https://evil.example',
  '&lt;b&gt; ~~x~~ **y** __z__',
  '<details><summary>x</summary>',
  '</summary></details><b>',
  '<https://evil.example>',
  '<a@evil.example>',
  '[^1]: note',
  '![x][ref]',
  '$x$ $$y$$',
  '==x== ^y^ :smile:',
  '- [x] task',
  '> quote',
  'line\\\nbreak',
  'setext\n===',
  '&#60;img src=x onerror=alert(1)&#62;',
  '\\<b\\>',
];

describe('whatever text comes from elsewhere', () => {
  test.each(hostile)('%j stays text', (value) => {
    const html = markdown.render(`before ${text(value)} after`);
    expect(html).not.toMatch(/<(?!\/?p>|br>)/);
    expect(markdown.render(`| a |\n| - |\n| ${text(value)} |`).match(/<td>/g)).toHaveLength(1);
  });

  test('mentions nobody and refers to no issue', () => {
    expect(text('@ada closes #12')).not.toMatch(/@ada|#12/);
    expect(markdown.render(text('&commat;ada &num;12 &#64;ada'))).not.toMatch(/@ada|#12/);
    expect(text('@ada closes #12').replaceAll(/[\u2060\\]/g, '')).toBe('@ada closes #12');
  });

  test('mentions nobody and refers to nothing within HTML either', () => {
    const said = '@ada @ml/team closes #12 ml/wine#12 and !13 at https://evil.example www.evil.example';
    for (const escaped of [text(said), html(said)]) {
      expect(escaped).not.toMatch(/@\w|[#!]\d|https:\/\/|www\./);
    }
    expect(html(said).replaceAll('\u2060', '')).toBe(said);
  });

  test.each(hostile)('%j stays text within the summary of a folded part', (value) => {
    const rendered = markdown.render(`<details><summary>${html(value)}</summary>\n\ninside\n\n</details>`);
    expect(rendered.match(/<(?!\/?(details|summary|p)>)/g)).toBeNull();
    expect(rendered.match(/<\/summary>/g)).toHaveLength(1);
  });

  test.each(hostile)('%j cannot leave a code span or a fence', (value) => {
    const span = markdown.render(`before ${code(value)} after`);
    expect(span.match(/<code>/g)).toHaveLength(1);
    expect(span).toMatch(/<p>before <code>[^<]*<\/code> after<\/p>/);
    expect(markdown.render(fenced(value))).toMatch(/^<pre><code>[^<]*<\/code><\/pre>\n$/);
  });

  test('a trace with fences of its own stays in one block', () => {
    const trace = 'a\n```\n````\n<b>\n```` end';
    expect(markdown.render(fenced(trace)).match(/<pre>/g)).toHaveLength(1);
    expect(fenced(trace).startsWith('`````\n')).toBe(true);
  });

  test('a link’s label is text', () => {
    const html = markdown.render(link('a](https://evil.example) <b>', 'https://git.example/x y'));
    expect(html.match(/<a /g)).toHaveLength(1);
    expect(html).toContain('href="https://git.example/x%20y"');
  });
});
