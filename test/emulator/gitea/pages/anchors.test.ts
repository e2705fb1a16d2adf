import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Window } from 'happy-dom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultRule } from '../../../../src/emulator/gitea/protection/rules.ts';
import type { ForgeStory } from './forge-story.ts';
import { startForgeStory } from './forge-story.ts';

/** What a real Gitea (about 1.26) sent; beside the project where it exists, never part of it. */
const recorded = join(import.meta.dirname, '../../../../../shared/fixtures/gitea/pages');

/** The places that an extension holds on to: a selector that must be found on both pages. */
const everywhere = [
  'head > meta[name="referrer"][content="same-origin"]',
  'head > link[href*="/assets/css/index.css"]',
  'head > link[href*="/assets/css/theme-gitea-auto.css"]',
  'head > script[src*="/assets/js/index.js"]',
  'body > .full.height > #navbar .navbar-left > #navbar-logo',
  'body > .full.height > [role="main"].page-content',
  'body > footer.page-footer .left-links',
  'body > footer.page-footer .right-links',
];
const repository = [
  '.page-content.repository > .secondary-nav > .ui.container > .repo-header',
  '.secondary-nav > .ui.container > overflow-menu.ui.secondary.pointing.menu > .overflow-menu-items > a.item',
  '.secondary-nav > .ui.tabs.divider',
  '.page-content.repository > .ui.container',
];
const activeTab = '.overflow-menu-items > a.active.item > svg.svg';
const pull = [
  activeTab,
  '.page-content.repository.view.issue.pull',
  '#issue-page-info[data-issue-index][data-issue-repo-link]',
  '.issue-title-header > .issue-title#issue-title-display > h1 > .index',
  '.issue-title-header > .issue-title-meta > .issue-state-label',
  '.issue-title-meta > .tw-flex-1.tw-break-anywhere',
  '.ui.pull.tabs.container > .ui.top.attached.pull.tabular.menu > a.item.active > .resize-for-semibold[data-text]',
];
const conversation = [
  '.issue-content > .issue-content-left.comment-list > .ui.timeline > .timeline-item.comment.first',
  '.timeline-item.comment > a.timeline-avatar > img.ui.avatar',
  '.timeline-item.comment > .content.comment-container > .comment-header.avatar-content-left-arrow',
  '.comment-container > .ui.attached.segment.comment-body > .render-content.markup > p[dir="auto"]',
  '.ui.timeline > .timeline-item.event > .badge',
  '.ui.timeline > .timeline-item.commits-list',
  '.ui.timeline > .timeline-item.comment.form > .content > .ui.segment.avatar-content-left-arrow > form#comment-form',
  'form#comment-form textarea[name="content"]',
  '#comment-button.ui.primary.button',
  '.issue-content > .issue-content-right.ui.segment > .divider',
];

const pages: readonly (readonly [file: string, path: string, selectors: readonly string[]])[] = [
  [
    'repository.html',
    '/ml/wine-quality',
    [
      ...everywhere,
      ...repository,
      activeTab,
      '.page-content.repository.file.list',
      '.repo-grid-filelist-sidebar > .repo-home-filelist > .repo-button-row > .repo-button-row-left',
      '.repo-home-filelist > #repo-files-table > .repo-file-item > .repo-file-cell.name > a.entry-name',
      '.repo-home-filelist > #readme .file-view.markup.markdown',
      '.repo-grid-filelist-sidebar > .repo-home-sidebar-top > .flex-list > .flex-item',
      '.repo-home-sidebar-top #repo-topics',
      '.repo-grid-filelist-sidebar > .repo-home-sidebar-bottom > .flex-list > .flex-item > .flex-item-main > .flex-item-title',
    ],
  ],
  [
    'pull-open.html',
    '/ml/wine-quality/pulls/1',
    [
      ...everywhere,
      ...repository,
      ...pull,
      ...conversation,
      '.ui.timeline > .timeline-item.comment.pull-merge-box > .timeline-avatar.text',
      '.pull-merge-box > .content > .ui.attached.segment.fitted > .commit-status-panel > .commit-status-list > .commit-status-item',
      '.commit-status-item > svg.commit-status + .status-context.gt-ellipsis + .ui.status-details',
      '.pull-merge-box > .content > .ui.attached.segment.merge-section.flex-items-block',
      '#pull-request-merge-form',
      '#status-button[name="status"][value="close"]',
      '.timeline-item-group > .timeline-item.event + .timeline-item.comment',
      'relative-time[datetime]',
    ],
  ],
  [
    'pull-files.html',
    '/ml/wine-quality/pulls/1/files',
    [
      ...everywhere,
      ...repository,
      ...pull,
      '.page-content.pull.files.diff > .ui.container.fluid.padded',
      '.diff-detail-box > .diff-detail-actions > #review-box > .js-btn-review',
      '.review-box-panel form input[name="commit_id"]',
      'form button[name="type"][value="approve"]',
      'form button[name="type"][value="reject"]',
      '#diff-container > #diff-file-boxes > .diff-file-box[data-new-filename] > .diff-file-header',
      'table.chroma tr.add-code > td.lines-code > code.code-inner',
    ],
  ],
  [
    'commit.html',
    '/ml/wine-quality/commit/HEAD',
    [
      ...everywhere,
      ...repository,
      '.page-content.repository.diff',
      '.commit-header > div > h3 > .commit-summary',
    ],
  ],
  [
    'sign-in.html',
    '/user/login',
    [
      ...everywhere,
      '.page-content.user.signin',
      'form.ui.form[action="/user/login"][method="post"] input#user_name[name="user_name"]',
      'form.ui.form input#password[name="password"]',
      'form.ui.form button.ui.primary.button',
    ],
  ],
];

const present = existsSync(recorded);
if (!present) {
  process.stderr.write(
    '\nNOT COMPARED WITH RECORDED PAGES: ../shared/fixtures/gitea/pages does not exist.\n',
  );
}

function parse(markup: string) {
  const window = new Window({ settings: { disableJavaScriptEvaluation: true, disableCSSFileLoading: true } });
  window.document.write(
    markup.replace(/<script[\s\S]*?<\/script>/g, (tag) => `${tag.split('>')[0]}></script>`),
  );
  return window.document;
}

/** Tag and classes of each element from the body down: what an extension's selectors may rely on. */
function pathOf(element: { parentElement: unknown; tagName: string; classList: Iterable<string> }): string[] {
  const path: string[] = [];
  for (let at: typeof element | null = element; at !== null && at.tagName !== 'HTML'; ) {
    // Utilities say how something looks, not what it is.
    const classes = [...at.classList]
      .filter((name) => !name.startsWith('tw-') && name !== 'not-mobile')
      .sort();
    path.unshift([at.tagName.toLowerCase(), ...classes].join('.'));
    at = at.parentElement as typeof element | null;
  }
  return path;
}

describe("the pages' anchors", () => {
  let story: ForgeStory;
  beforeAll(async () => {
    story = await startForgeStory();
    // As in the recording: one approval and the check are needed, and missing.
    story.forge.context.store.protections.insert({
      repositoryId: story.repository.id,
      ruleName: 'main',
      priority: 0,
      rule: {
        ...defaultRule,
        required_approvals: 1,
        enable_status_check: true,
        status_check_contexts: ['databricks/*'],
      },
      created: 1,
      updated: 1,
    });
  });
  afterAll(() => story?.close());

  describe.each(pages)('%s', (file, path, selectors) => {
    const own = async () => {
      const address = path.replace('HEAD', story.pull.headSha);
      const { status, html } = await story.get(address, path === '/user/login' ? undefined : 'wendy');
      expect(status).toBe(200);
      return parse(html);
    };

    it('has every anchor', async () => {
      const document = await own();
      expect(selectors.filter((selector) => document.querySelector(selector) === null)).toEqual([]);
    });

    it.skipIf(!present)(
      'has the same anchors as the recorded page, on the same path of classes',
      async () => {
        const document = await own();
        const real = parse(readFileSync(join(recorded, file), 'utf8'));
        for (const selector of selectors) {
          const [ours, theirs] = [document, real].map((page) => page.querySelector(selector));
          expect(theirs, `${selector} in the recording`).not.toBeNull();
          if (selector.startsWith('head')) continue;
          expect(pathOf(ours as never), selector).toEqual(pathOf(theirs as never));
        }
      },
    );
  });
});
