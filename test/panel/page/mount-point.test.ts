import { describe, expect, it } from 'vitest';
import { pullBoxPoint } from '../../../src/panel/features/pull-box/pull-box-point.ts';
import { pullTitlePoint } from '../../../src/panel/features/pull-status-line/pull-title-point.ts';
import { sidebarPoint } from '../../../src/panel/features/sidebar-production/sidebar-point.ts';
import { hasRecordedPages, recordedPage } from '../recorded-pages.ts';

function parse(html: string): Document {
  return new DOMParser().parseFromString(`<!DOCTYPE html><body>${html}</body>`, 'text/html');
}

describe('where the box goes', () => {
  it('is before the merge box in a time line of Gitea up to 1.26', () => {
    const page = parse(
      `<div class="issue-content-left comment-list"><div class="ui timeline"><div class="timeline-item"></div>
       <div class="timeline-item comment pull-merge-box"></div><div class="timeline-item comment form"></div></div></div>`,
    );
    expect(pullBoxPoint(page)?.parent.className).toBe('ui timeline');
    expect(pullBoxPoint(page)?.before?.className).toContain('pull-merge-box');
  });

  const list = '<div class="timeline-item comment issue-content-comment"></div>';
  const mark = '<div class="timeline-item tw-hidden" id="timeline-comments-end"></div>';

  it('is before the merge box in the list of 1.27, which has no time line', () => {
    const page = parse(
      `<div class="issue-content-left"><div class="comment-list">${list}${mark}
       <div class="timeline-item comment pull-merge-box"></div><div class="timeline-item comment form"></div></div></div>`,
    );
    expect(pullBoxPoint(page)?.parent.className).toBe('comment-list');
    expect(pullBoxPoint(page)?.before?.className).toContain('pull-merge-box');
  });

  it('is after the end mark in 1.27 where neither merge box nor form follows', () => {
    const page = parse(
      `<div class="issue-content-left"><div class="comment-list">${list}${mark}<p class="after"></p></div></div>`,
    );
    expect(pullBoxPoint(page)?.parent.className).toBe('comment-list');
    expect(pullBoxPoint(page)?.before?.className).toBe('after');
  });

  it('knows the merge box of Forgejo', () => {
    const page = parse(
      `<div class="issue-content-left"><div class="ui timeline"><div class="timeline-item"></div>
       <div class="timeline-item comment merge box"></div></div></div>`,
    );
    expect(pullBoxPoint(page)?.before?.className).toBe('timeline-item comment merge box');
  });

  it('is the end where nothing follows, and nowhere without a time line', () => {
    const page = parse(
      '<div class="issue-content-left"><div class="t"><div class="timeline-item"></div></div></div>',
    );
    expect(pullBoxPoint(page)).toEqual({ parent: page.querySelector('.t'), before: null });
    expect(pullBoxPoint(parse('<p></p>'))).toBeNull();
  });
});

describe.runIf(hasRecordedPages)('on pages recorded from a real Gitea', () => {
  it.each(['pull-open', 'pull-fork-conflict'])('stands right before the merge box of %s', (name) => {
    const page = recordedPage(name);
    expect(pullBoxPoint(page)?.before).toBe(page.querySelector('.pull-merge-box'));
    expect(page.querySelector('.pull-merge-box')?.contains(pullBoxPoint(page)?.parent ?? null)).toBe(false);
  });

  it('stands in the time line of a merged pull request', () => {
    const page = recordedPage('pull-merged');
    expect(pullBoxPoint(page)?.parent.matches('.ui.timeline')).toBe(true);
  });

  it('finds the line under the title on the Files tab', () => {
    const page = recordedPage('pull-files');
    expect(pullTitlePoint(page)?.parent.className).toContain('issue-title-meta');
    expect(pullBoxPoint(page)).toBeNull();
  });

  it('finds the list of sections in the sidebar of the repository', () => {
    const page = recordedPage('repository');
    expect(sidebarPoint(page)?.parent.className).toBe('flex-list');
    expect(sidebarPoint(page)?.parent.parentElement?.className).toBe('repo-home-sidebar-bottom');
  });

  it('finds nothing on the sign-in page', () => {
    const page = recordedPage('sign-in');
    expect([pullBoxPoint(page), pullTitlePoint(page), sidebarPoint(page)]).toEqual([null, null, null]);
  });
});
