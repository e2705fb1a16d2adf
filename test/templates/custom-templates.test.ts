import { execFileSync, spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';

interface Case {
  Name: string;
  Version: '1.25' | '1.26' | '1.27' | 'bare';
  URL: string;
  Data?: Record<string, unknown>;
  Repository?: {
    ID: number;
    OwnerName: string;
    Name: string;
    DefaultBranch: string;
    Topics: string[] | null;
  };
  Issue?: { Index: number; IsPull: boolean };
}
type Hooks = Record<'header' | 'body_inner_post' | 'footer' | 'extra_tabs', string>;

const bound = { ID: 7, OwnerName: 'ml', Name: 'wine', DefaultBranch: 'main', Topics: ['data', 'databricks'] };
const other = { ...bound, Topics: null };
const signedIn = { IsSigned: true, SignedUserID: 3, CanWriteCode: true };
const home = { ...signedIn, PageIsViewCode: true, TreePath: '' };
const versions = ['1.25', '1.26', '1.27', 'bare'] as const;

/** Pages of Gitea as their data differs; every one is rendered for every version. */
const pages: Omit<Case, 'Version'>[] = [
  { Name: 'sign-in', URL: '/user/login' },
  { Name: 'sign-in that leads to the tab', URL: '/user/login?redirect_to=%2fml%2fwine%3ftab=databricks' },
  { Name: 'profile', URL: '/wendy?tab=databricks', Data: signedIn },
  { Name: 'home', URL: '/ml/wine', Data: home, Repository: bound },
  { Name: 'home, anonymous', URL: '/ml/wine', Data: { PageIsViewCode: true }, Repository: bound },
  {
    Name: 'folder',
    URL: '/ml/wine/src/branch/main/data',
    Data: { ...home, TreePath: 'data' },
    Repository: bound,
  },
  { Name: 'tab', URL: '/ml/wine?tab=databricks', Data: home, Repository: bound },
  { Name: 'tab, second key', URL: '/ml/wine?a=b&tab=databricks', Data: home, Repository: bound },
  { Name: 'tab without topic', URL: '/ml/wine?tab=databricks', Data: home, Repository: other },
  { Name: 'home without topic', URL: '/ml/wine', Data: home, Repository: other },
  { Name: 'settings', URL: '/ml/wine/settings', Data: signedIn, Repository: bound },
  {
    Name: 'pull',
    URL: '/ml/wine/pulls/4',
    Data: { ...signedIn, PageIsPullConversation: true },
    Repository: bound,
    Issue: { Index: 4, IsPull: true },
  },
  {
    Name: 'pull files',
    URL: '/ml/wine/pulls/4/files',
    Data: { PageIsPullFiles: true },
    Repository: bound,
    Issue: { Index: 4, IsPull: true },
  },
  {
    Name: 'pull commits',
    URL: '/ml/wine/pulls/4/commits',
    Data: { PageIsPullCommits: true },
    Repository: bound,
    Issue: { Index: 4, IsPull: true },
  },
  {
    Name: 'issue',
    URL: '/ml/wine/issues/5',
    Data: signedIn,
    Repository: bound,
    Issue: { Index: 5, IsPull: false },
  },
  {
    Name: 'hostile names',
    URL: '/ml/wine?tab=databricks"><script>alert(1)</script>',
    Data: home,
    Repository: { ...bound, Name: '"><script>alert(1)</script>', DefaultBranch: "x' onload=alert(1) y" },
  },
];

const goCommand = process.env.GO ?? 'go';
const go = spawnSync(goCommand, ['version'], { encoding: 'utf8' }).status === 0;
if (!go) {
  console.warn('\n!!! go is not installed: templates/custom was NOT rendered with the real html/template\n');
}

describe.skipIf(!go)('templates/custom in Go', () => {
  let rendered: Record<string, Hooks> = {};
  const all: Case[] = pages.flatMap((page) =>
    versions.map((version) => ({ ...page, Name: `${page.Name} ${version}`, Version: version })),
  );
  const of = (name: string, version: (typeof versions)[number] = '1.26') => rendered[`${name} ${version}`]!;
  const html = (name: string, version: (typeof versions)[number] = '1.26') =>
    Object.values(of(name, version)).join('').trim();

  beforeAll(() => {
    const out = execFileSync(goCommand, ['run', 'test/templates/go/main.go', 'templates/custom'], {
      encoding: 'utf8',
      input: JSON.stringify(all),
      env: { ...process.env, GOFLAGS: '', GO111MODULE: 'off', GOTOOLCHAIN: 'local' },
    });
    rendered = JSON.parse(out) as Record<string, Hooks>;
  }, 120_000);

  test('render on every page of every release without an error or a missing value', () => {
    expect(Object.keys(rendered)).toHaveLength(all.length);
    for (const [name, hooks] of Object.entries(rendered)) {
      for (const [hook, text] of Object.entries(hooks)) {
        expect(text, `${hook} on ${name}`).not.toMatch(/ERROR|no value|ZgotmplZ/);
      }
    }
  });

  test('leave pages alone that have no repository with the topic', () => {
    for (const version of versions) {
      for (const page of [
        'sign-in',
        'sign-in that leads to the tab',
        'profile',
        'home without topic',
        'tab without topic',
      ]) {
        expect(html(page, version), `${page} ${version}`).toBe('');
      }
    }
  });

  test('add the tab, and nothing else, to pages where the panel has nothing to show', () => {
    for (const page of ['settings', 'issue', 'folder']) {
      const { extra_tabs, ...others } = of(page);
      expect(extra_tabs).toContain('href="/ml/wine?tab=databricks"');
      expect(Object.values(others).join('').trim(), page).toBe('');
    }
  });

  test('tell the panel where it is', () => {
    const page = (name: string) => /data-page="([^"]*)"/.exec(of(name).body_inner_post)?.[1];
    expect(['home', 'tab', 'tab, second key', 'pull', 'pull files', 'pull commits'].map(page)).toEqual([
      'code',
      'tab',
      'tab',
      'pull-conversation',
      'pull-files',
      'pull-commits',
    ]);
    expect(of('pull').body_inner_post).toContain('data-pull="4"');
    expect(of('pull').body_inner_post).toContain('data-user="3"');
    expect(of('home, anonymous').body_inner_post).toContain('data-user=""');
    expect(of('home').body_inner_post).toContain('data-repository="7"');
    expect(of('home').body_inner_post).toContain('data-base="/-/databricks/"');
    expect(of('home').footer).toContain('<script type="module" src="/assets/databricks/panel.js"></script>');
  });

  test('open the tab in the first frame where the address says so', () => {
    for (const version of ['1.25', '1.26', '1.27'] as const) {
      expect(of('tab', version).header).toContain('.page-content.repository:not(.dbx-page)');
      expect(of('tab', version).body_inner_post).toContain('id="dbx-root"');
      expect(of('tab', version).extra_tabs).toContain('class="active item"');
      expect(of('home', version).header.trim()).toBe('');
      expect(of('home', version).extra_tabs).toContain('class="item"');
    }
  });

  test('give the script the nonce where there is one, and no script is inline', () => {
    expect(of('home', '1.27').footer).toMatch(/<script type="module" nonce="n0nce[^"]*" src="/);
    expect(of('home', '1.26').footer).not.toContain('nonce');
    for (const hooks of Object.values(rendered)) {
      for (const [, attributes, body] of Object.values(hooks)
        .join('')
        .matchAll(/<script([^>]*)>([^<]*)/g)) {
        expect(attributes).toContain('src=');
        expect(body).toBe('');
      }
    }
  });

  test('escape what comes from users', () => {
    const text = html('hostile names');
    expect(text).not.toContain('<script>');
    expect(text).not.toMatch(/data-default-branch="[^"]*"[^\n]*"/);
  });
});
