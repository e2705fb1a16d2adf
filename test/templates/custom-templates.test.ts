/** templates/custom on every kind of Gitea's pages, by the engine that Gitea uses: Go's own html/template. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Window } from 'happy-dom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fillTemplate, hooks } from '../../src/cli/install/custom-templates.ts';
import type { RenderCase } from './emulated-engine.ts';
import { renderEmulated } from './emulated-engine.ts';
import type { Kind, TemplatePage } from './pages.ts';
import { hostile, kinds, pages } from './pages.ts';

type Rendered = Record<(typeof hooks)[number], string>;

const shipped = resolve('templates/custom');
const goCommand = process.env.GO ?? 'go';
const hasGo = spawnSync(goCommand, ['version'], { encoding: 'utf8' }).status === 0;
if (!hasGo) {
  console.warn('\n!!! go is not installed: templates/custom was NOT rendered with the real html/template\n');
}

describe.skipIf(!hasGo)('templates/custom in Go', () => {
  const filled = mkdtempSync(join(tmpdir(), 'templates-filled-'));
  const cases: Record<string, RenderCase> = {};
  let rendered: Record<string, Rendered> = {};

  const add = (page: TemplatePage, kind: Kind, templates: string, subUrl: string, how = '') => {
    cases[`${page.name}${how} (${kind})`] = { ...page, kind: kinds[kind], templates, subUrl };
  };
  const of = (name: string, kind: Kind = '1.26') => rendered[`${name} (${kind})`]!;
  const text = (one: Rendered) => Object.values(one).join('').trim();
  const everyKind = Object.keys(kinds) as Kind[];

  beforeAll(() => {
    for (const hook of hooks) {
      const settings = {
        publicPath: 'https://dbx.example.com/panel/',
        everywhere: true,
        build: 'a1b2c3d4e5',
      };
      writeFileSync(
        join(filled, `${hook}.tmpl`),
        fillTemplate(readFileSync(join(shipped, `${hook}.tmpl`), 'utf8'), settings),
      );
    }
    for (const page of pages) {
      for (const kind of everyKind) {
        add(page, kind, shipped, '');
        add(page, kind, filled, '/git', ', everywhere, below a path');
      }
    }
    const input = Object.entries(cases).map(([Name, one]) => ({
      Name,
      Templates: one.templates,
      ...one.kind,
      URL: one.url,
      SubURL: one.subUrl,
      Data: one.data,
      Repository: one.repository,
      Issue: one.issue,
    }));
    const out = execFileSync(goCommand, ['run', 'test/templates/go/main.go'], {
      encoding: 'utf8',
      input: JSON.stringify(input),
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, GOFLAGS: '', GO111MODULE: 'off', GOTOOLCHAIN: 'local' },
    });
    rendered = JSON.parse(out) as Record<string, Rendered>;
  }, 120_000);
  afterAll(() => rmSync(filled, { recursive: true, force: true }));

  test('render on every page, for every release, without an error or a missing value', () => {
    expect(Object.keys(rendered).sort()).toEqual(Object.keys(cases).sort());
    for (const [name, one] of Object.entries(rendered)) {
      expect(Object.keys(one).sort(), name).toEqual([...hooks].sort());
      for (const [hook, html] of Object.entries(one)) {
        // ZgotmplZ stands where Go refuses a value in its context.
        expect(html, `${hook} on ${name}`).not.toMatch(/ERROR|no value|ZgotmplZ|%!/);
      }
    }
  });

  test('render to the same bytes by the engine of the emulated forge', () => {
    for (const [name, one] of Object.entries(cases)) {
      for (const hook of hooks)
        expect(renderEmulated(hook, one), `${hook} on ${name}`).toBe(rendered[name]![hook]);
    }
  });

  test.each([
    'sign-in',
    'sign-in that leads to the tab',
    'consent',
    'profile',
    'home without topic',
    'tab without topic',
  ])('leave a page alone that has no repository with the topic: %s', (page) => {
    for (const kind of everyKind) expect(text(of(page, kind)), kind).toBe('');
  });

  test.each(['settings', 'issue', 'commit', 'commits', 'branches', 'folder'])(
    'add the tab, and nothing else, where the panel has nothing to show: %s',
    (page) => {
      for (const kind of everyKind) {
        const { extra_tabs, ...others } = of(page, kind);
        expect(extra_tabs).toContain('href="/ml/wine?tab=databricks"');
        expect(extra_tabs).toContain('class="item"');
        expect(Object.values(others).join('').trim(), kind).toBe('');
      }
    },
  );

  test.each([
    ['home', { page: 'code', user: '3', canWrite: 'true' }],
    ['home, reader', { page: 'code', user: '4', canWrite: 'false' }],
    ['home, signed out', { page: 'code', user: '', canWrite: 'false' }],
    ['home, empty repository', { page: 'code', user: '3', defaultBranch: '' }],
    ['home, archived repository', { page: 'code', canWrite: 'false' }],
    ['pull request, conversation', { page: 'pull-conversation', pull: '4' }],
    ['pull request, commits', { page: 'pull-commits', pull: '4' }],
    ['pull request, files', { page: 'pull-files', pull: '4' }],
    ['pull request, signed out', { page: 'pull-conversation', pull: '4', user: '' }],
  ])('tell the panel where it is and for whom: %s', (page, expected) => {
    for (const kind of everyKind) {
      expect(contextOf(of(page, kind)), kind).toMatchObject({
        base: '/-/databricks/',
        repository: '7',
        repositoryName: 'ml/wine',
        repositoryLink: '/ml/wine',
        defaultBranch: 'main',
        signIn: '/user/login',
        ...expected,
      });
      expect(of(page, kind).header.trim()).toBe('');
      expect(scriptOf(of(page, kind)).src).toBe('/assets/databricks/panel.js');
    }
  });

  test.each([
    'tab',
    'tab, second key',
    'tab, signed out',
    'tab, empty repository',
    'tab, archived repository',
  ])('open the tab in the first frame where the address says so: %s', (page) => {
    for (const kind of ['up to 1.25', '1.26', '1.27'] as const) {
      const { header, body_inner_post, extra_tabs } = of(page, kind);
      expect(header).toContain('.page-content.repository:not(.dbx-page)');
      expect(body_inner_post).toContain('id="dbx-root"');
      expect(extra_tabs).toContain('class="active item"');
      expect(contextOf(of(page, kind))?.page).toBe('tab');
    }
    // A release that tells neither address nor request would show the page below; nothing breaks.
    expect(text(of(page, 'neither address nor request'))).not.toContain('dbx-root');
  });

  test('give the script the nonce where there is one; there is one script, and none is inline', () => {
    expect(scriptOf(of('home', '1.27')).nonce).toBe('n0nce+/=');
    expect(of('home', '1.26').footer).not.toContain('nonce');
    expect(of('home', 'up to 1.25').footer).not.toContain('nonce');
    for (const [name, one] of Object.entries(rendered)) {
      const scripts = [...parse(text(one)).querySelectorAll('script')];
      expect(scripts.length, name).toBeLessThanOrEqual(1);
      for (const script of scripts) {
        expect(script.getAttribute('src'), name).toMatch(
          /^(\/git)?\/assets\/databricks\/panel\.js(\?v=\w+)?$/,
        );
        expect(script.textContent, name).toBe('');
      }
    }
  });

  test('are filled by the installation: another backend, every repository, a build, below a path', () => {
    const page = 'home without topic, everywhere, below a path';
    expect(contextOf(of(page, '1.27'))).toMatchObject({
      base: 'https://dbx.example.com/panel/',
      repositoryLink: '/git/ml/wine',
      signIn: '/git/user/login',
    });
    expect(scriptOf(of(page, '1.27')).src).toBe('/git/assets/databricks/panel.js?v=a1b2c3d4e5');
    expect(of(page).extra_tabs).toContain('href="/git/ml/wine?tab=databricks"');
    expect(text(of('sign-in, everywhere, below a path'))).toBe('');
  });

  test('escape what comes from people: each value is one attribute’s, whole, and nothing becomes markup', () => {
    const allowed = new Set(['A', 'SVG', 'DIV', 'STYLE', 'SCRIPT', 'NOSCRIPT']);
    for (const kind of everyKind) {
      for (const page of ['hostile home', 'hostile tab', 'hostile pull request']) {
        const one = of(page, kind);
        const document = parse(text(one));
        for (const element of document.body.querySelectorAll('*')) {
          expect(allowed, page).toContain(element.tagName.toUpperCase());
          for (const { name, value } of element.attributes) {
            expect(name, `${page}: ${value}`).not.toMatch(/^on|^srcdoc$/);
            if (name === 'href') expect(value).toMatch(/^\/[^"'<>\s]*\?tab=databricks$/);
          }
        }
        const context = contextOf(one);
        if (kind === 'neither address nor request' && page === 'hostile tab') continue;
        expect(context?.repositoryName).toBe(`${hostile.owner}/${hostile.name}`);
        expect(context?.defaultBranch).toBe(hostile.branch);
        expect(context?.repositoryLink).toBe(`/${goPath(hostile.owner)}/${goPath(hostile.name)}`);
        expect(text(one)).not.toContain('alert(5)');
      }
    }
  });
});

function parse(markup: string) {
  const window = new Window({ settings: { disableJavaScriptEvaluation: true, disableCSSFileLoading: true } });
  window.document.body.innerHTML = markup;
  return window.document;
}

/** What the panel reads as the element's dataset: the data attributes, decoded. */
function contextOf(one: Rendered): Record<string, string> | undefined {
  const element = parse(one.body_inner_post).querySelector('#databricks-context');
  if (element === null) return undefined;
  const data = [...element.attributes].filter(({ name }) => name.startsWith('data-'));
  return Object.fromEntries(
    data.map(({ name, value }) => [camelCase(name.slice('data-'.length)), value ?? '']),
  );
}

const camelCase = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

function scriptOf(one: Rendered) {
  const script = parse(one.footer).querySelector('script');
  return { src: script?.getAttribute('src'), nonce: script?.getAttribute('nonce') };
}

/** A name in a path, as Go's url.PathEscape writes it. */
function goPath(name: string): string {
  return encodeURIComponent(name)
    .replace(/%(24|26|2B|3D|3A|40)/g, (code) => decodeURIComponent(code))
    .replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}
