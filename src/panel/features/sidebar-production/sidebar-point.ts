import type { MountPoint } from '../../page/mount-point.ts';

/** The end of the sidebar of a repository's home: Gitea's list of sections where it has one. */
export function sidebarPoint(document: Document): MountPoint | null {
  const bottom = document.querySelector('.repo-home-sidebar-bottom');
  if (bottom === null) return null;
  return { parent: bottom.querySelector(':scope > .flex-list') ?? bottom, before: null };
}
