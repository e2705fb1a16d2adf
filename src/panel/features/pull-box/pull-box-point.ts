import type { MountPoint } from '../../page/mount-point.ts';

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
