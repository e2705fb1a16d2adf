import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseTemplate } from '../../src/emulator/gitea/template/template.ts';
import { GoFunction, GoStruct, SafeHtml } from '../../src/emulator/gitea/template/value.ts';

/** Where the recordings lie, beside the project. */
export const recordings = resolve('../shared/fixtures/gitea/pages');

/** The recorded pages, with what Gitea tells its templates on each. */
export const recordedPages: Record<string, { pull?: number; facts?: object; anybody?: boolean }> = {
  'repository.html': { facts: { PageIsViewCode: true } },
  'commit.html': {},
  'pull-open.html': { pull: 3, facts: { PageIsPullConversation: true } },
  'pull-files.html': { pull: 3, facts: { PageIsPullFiles: true } },
  'pull-fork-conflict.html': { pull: 2, facts: { PageIsPullConversation: true } },
  'pull-merged.html': { pull: 1, facts: { PageIsPullConversation: true } },
  'sign-in.html': { anybody: true },
};

/**
 * A recorded page with each hook's output in the place where Gitea includes it (facts: template hooks).
 * @param customDir Gitea's custom folder with our templates in it; @param address path and query
 */
export function pageWithHooks(customDir: string, file: string, address: string): string {
  const page = readFileSync(join(recordings, file), 'utf8');
  const render = (hook: string) => {
    const source = readFileSync(join(customDir, `templates/custom/${hook}.tmpl`), 'utf8');
    return parseTemplate(hook, source, templateFunctions(address)).render(templateData(file));
  };
  const before = (html: string, mark: RegExp, text: string) => {
    const at = html.search(mark);
    if (at < 0) throw new Error(`${file} has no ${mark}`);
    return html.slice(0, at) + text + html.slice(at);
  };
  let html = before(page, /<\/head>/, render('header'));
  // Pages outside of a repository have no tabs, and that hook is not asked for.
  if (!recordedPages[file]?.anybody) html = before(html, /<\/div>\s*<\/overflow-menu>/, render('extra_tabs'));
  html = before(html, /<\/div>\s*<footer class="page-footer"/, render('body_inner_post'));
  return before(html, /<\/body>/, render('footer'));
}

const method = <T>(value: () => T) => new GoFunction([], value);

function templateData(file: string): Record<string, unknown> {
  const { pull, facts: more, anybody } = recordedPages[file]!;
  const signedIn = { IsSigned: true, SignedUserID: 2, CanWriteCode: true };
  if (anybody) return { IsSigned: false };
  const link = '/ml/wine-quality';
  return {
    ...signedIn,
    ...more,
    RepoLink: link,
    Repository: new GoStruct('*repo.Repository', {
      ID: 1,
      FullName: method(() => 'ml/wine-quality'),
      DefaultBranch: 'main',
      Topics: ['databricks'],
    }),
    ...(pull && { Issue: new GoStruct('*issues.Issue', { Index: pull, IsPull: true }) }),
  };
}

/** 1.26: no `.CurrentURL` and no nonce; the address comes from the request. */
function templateFunctions(address: string): Record<string, unknown> {
  const url = new GoStruct('*url.URL', { RequestURI: method(() => address) });
  const context = { _req: new GoStruct('*http.Request', { URL: url }) };
  return {
    ctx: method(() => new GoStruct('templates.Context', context, { open: true })),
    AppSubUrl: method(() => ''),
    AssetUrlPrefix: method(() => '/assets'),
    svg: new GoFunction(['string'], () => new SafeHtml('<svg class="svg" width="16" height="16"></svg>')),
    StringUtils: method(
      () =>
        new GoStruct('*templates.StringUtils', {
          Contains: new GoFunction(['string', 'string'], (text: string, part: string) => text.includes(part)),
        }),
    ),
  };
}
