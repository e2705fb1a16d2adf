import type { MountPoint } from '../../page/mount-point.ts';

/** The line under a pull request's title, which all of its tabs share. */
export function pullTitlePoint(document: Document): MountPoint | null {
  const parent = document.querySelector('.issue-title-meta');
  return parent === null ? null : { parent, before: null };
}
