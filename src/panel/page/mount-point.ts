/** A place in Gitea's page: a parent and the child to stand before (null: at the end). */
export interface MountPoint {
  parent: Element;
  before: Element | null;
}

/**
 * What stands below the box in a pull request's conversation, in order of preference. Gitea ≥ 1.27 and ≤ 1.26
 * name the merge box differently from older ones and Forgejo; it is absent once merged or archived.
 */
const below = [
  '.pull-merge-box',
  '.timeline-item.comment.merge.box',
  '.timeline-item.comment.form',
  '.ui.warning.message',
];

/** Above the merge box of a pull request's conversation, never inside it: Gitea replaces it whole. */
export function pullBoxPoint(document: Document): MountPoint | null {
  const parent = document.querySelector('.issue-content-left .timeline-item')?.parentElement;
  if (parent == null) return null;
  const children = [...parent.children];
  for (const selector of below) {
    const before = children.find((child) => child.matches(selector));
    if (before !== undefined) return { parent, before };
  }
  const end = children.find((child) => child.id === 'timeline-comments-end');
  return { parent, before: end?.nextElementSibling ?? null };
}

/** The line under a pull request's title, which all of its tabs share. */
export function pullTitlePoint(document: Document): MountPoint | null {
  const parent = document.querySelector('.issue-title-meta');
  return parent === null ? null : { parent, before: null };
}

/** The end of the sidebar of a repository's home: Gitea's list of sections where it has one. */
export function sidebarPoint(document: Document): MountPoint | null {
  const bottom = document.querySelector('.repo-home-sidebar-bottom');
  if (bottom === null) return null;
  return { parent: bottom.querySelector(':scope > .flex-list') ?? bottom, before: null };
}
