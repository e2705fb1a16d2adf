import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ForgeStory } from './forge-story.ts';
import { startForgeStory } from './forge-story.ts';

const names = [
  'header',
  'body_outer_pre',
  'extra_links',
  'body_inner_pre',
  'extra_tabs',
  'body_inner_post',
  'body_outer_post',
  'extra_links_footer',
  'footer',
] as const;

describe.each(['1.26', '1.27'] as const)('templates/custom in a %s forge', (version) => {
  let story: ForgeStory;
  beforeAll(async () => {
    story = await startForgeStory(version);
  });
  afterAll(() => story?.close());
  afterEach(() => {
    for (const name of names) story.hook(name, undefined);
  });

  it('are rendered at their places and read again when they change', async () => {
    for (const name of names) story.hook(name, `<i class="hook-${name}"></i>`);
    const first = (await story.get('/ml/wine-quality', 'wendy')).html;
    for (const name of names) expect(first.split(`class="hook-${name}"`)).toHaveLength(2);
    expect(first.indexOf('hook-header')).toBeLessThan(first.indexOf('</head>'));
    expect(first).toMatch(/overflow-menu-items[\s\S]*hook-extra_tabs[\s\S]*<\/overflow-menu>/);
    expect(first.indexOf('hook-body_inner_pre')).toBeLessThan(first.indexOf('id="navbar"'));
    expect(first.indexOf('hook-body_inner_post')).toBeLessThan(first.indexOf('hook-body_outer_post'));
    expect(first.indexOf('hook-body_outer_post')).toBeLessThan(first.indexOf('<footer'));
    expect(first.indexOf('hook-footer')).toBeGreaterThan(first.indexOf('</footer>'));
    story.hook('header', '<i class="changed"></i>');
    expect((await story.get('/ml/wine-quality', 'wendy')).html).toContain('class="changed"');
  });

  it('know the viewer, the repository, its topics and the address', async () => {
    story.hook(
      'header',
      `{{$u := ""}}{{if .CurrentURL}}{{$u = .CurrentURL}}{{else}}{{with ctx._req}}{{$u = .URL.RequestURI}}{{end}}{{end}}
{{- $bound := false}}{{if .Repository}}{{range .Repository.Topics}}{{if eq . "databricks"}}{{$bound = true}}{{end}}{{end}}{{end}}
{{- if $bound}}<meta name="probe" data-user="{{.SignedUserID}}/{{.SignedUser.Name}}/{{.IsSigned}}" data-repository="{{.Repository.ID}} {{.Repository.FullName}} {{.Repository.DefaultBranch}}" data-page="{{$u}}" data-pull="{{if and .Issue .Issue.IsPull}}{{.Issue.Index}}[{{.Issue.PullRequest.HeadCommitID}}]{{end}}" data-code="{{.PageIsViewCode}}/{{.PageIsPullConversation}}/{{.PageIsPullFiles}}" data-link="{{.RepoLink}}" data-read="{{with ctx.Consts}}{{$.Permission.CanRead .RepoUnitTypeCode}}{{end}}" data-write="{{.CanWriteCode}}" data-theme="{{ctx.CurrentWebTheme.InternalName}}" data-lang="{{ctx.Locale.Lang}}" data-assets="{{AppSubUrl}}{{AssetUrlPrefix}}" nonce="{{ctx.CspScriptNonce}}">{{svg "octicon-database" 16 "x"}}{{end}}`,
    );
    const home = (await story.get('/ml/wine-quality?tab=databricks&x="', 'wendy')).html;
    expect(home).toContain(`data-user="${story.users.wendy.id}/wendy/true"`);
    expect(home).toContain(`data-repository="${story.repository.id} ml/wine-quality main"`);
    expect(home).toContain('data-page="/ml/wine-quality?tab=databricks&amp;x=%22"');
    expect(home).toContain('data-code="true//"');
    expect(home).toContain('data-link="/ml/wine-quality" data-read="true" data-write="true"');
    expect(home).toContain('data-theme="gitea-auto" data-lang="en-US" data-assets="/assets"');
    expect(home).toContain('class="x svg octicon-database"');
    const files = (await story.get('/ml/wine-quality/pulls/1/files', 'rita')).html;
    expect(files).toContain('data-pull="1[]" data-code="//true"');
    expect(files).toContain('data-write="false"');
    expect((await story.get('/user/login')).html).not.toContain('name="probe"');
    const nonce = /name="probe"[^>]* nonce="([^"]*)"/.exec(home)?.[1];
    const policy = /<head>\s*<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(home)?.[1];
    if (version === '1.26') {
      expect(nonce).toBe('');
      expect(policy).toBeUndefined();
    } else {
      expect(nonce).toMatch(/^[\w-]{20,}$/);
      expect(policy).toBe(
        `default-src * data: blob:; script-src * &#39;nonce-${nonce}&#39;; style-src * &#39;unsafe-inline&#39;;`,
      );
    }
  });

  it.each([
    ['a field of a missing key', '{{.Missing.Field}}'],
    ['an unknown field of the repository', '{{.Repository.Nonsense}}'],
    ['nil where a string is needed', '{{StringUtils.Contains .Nothing "tab"}}'],
    ['an unknown function', '{{Frobnicate}}'],
    ['bad syntax', '{{if}}'],
  ])('end the page with the error but status 200: %s', async (_name, source) => {
    story.hook('extra_tabs', source);
    const { status, html } = await story.get('/ml/wine-quality', 'wendy');
    expect(status).toBe(200);
    expect(html).toContain('Render failed, failed to render template: custom/extra_tabs');
    expect(html).not.toContain('</html>');
  });
});

describe('the DOM of the conversation', () => {
  it('is that of the release', async () => {
    const old = await startForgeStory('1.26');
    const next = await startForgeStory('1.27');
    try {
      const before = (await old.get('/ml/wine-quality/pulls/1', 'wendy')).html;
      const after = (await next.get('/ml/wine-quality/pulls/1', 'wendy')).html;
      expect(before).toContain(
        'class="issue-content-left comment-list prevent-before-timeline"><div class="ui timeline">',
      );
      expect(before).not.toContain('timeline-comments-end');
      expect(before).not.toContain('reloading-interval');
      expect(after).toContain('<div class="issue-content-left"><div class="comment-list');
      expect(after.indexOf('timeline-comments-end')).toBeLessThan(after.indexOf('pull-merge-box'));
      expect(after).toContain('data-pull-merge-box-reloading-interval="5000"');
      const box = await next.get('/ml/wine-quality/pulls/1/merge_box', 'wendy');
      expect(box.html).toMatch(/^<div class="timeline-item comment pull-merge-box"/);
    } finally {
      await Promise.all([old.close(), next.close()]);
    }
  });
});
