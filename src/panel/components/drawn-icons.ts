import type { IconShape } from './icon.tsx';

// Octicons of even outlines, drawn anew with strokes: a third of the size of the outlines of strokes. Plain
// strings, not calls: the build then sees that a page may have one without the others.
const start =
  '<svg viewBox="0 0 16 16"><g fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round">';
const end = '</g></svg>';
const ring = '<circle cx="8" cy="8" r="7.25"/>';

export const circleIcon: IconShape = start + ring + end;

export const databaseIcon: IconShape =
  start +
  '<path d="M14.25 3.5c0 1.5-2.8 2.75-6.25 2.75S1.75 5 1.75 3.5 4.55.75 8 .75s6.25 1.25 6.25 2.75v9c0 1.5-2.8 ' +
  '2.75-6.25 2.75s-6.25-1.25-6.25-2.75v-9M1.75 8c0 1.5 2.8 2.75 6.25 2.75S14.25 9.5 14.25 8"/>' +
  end;

export const gitCompareIcon: IconShape = `${start}<circle cx="3" cy="3.25" r="1.75"/><circle cx="13" cy="12.75" r="1.75"/><path d="M3 5v5.5c0 1 .7 1.75 1.75 1.75h4M6.75 10 9 12.25 6.75 14.5M13 11V5.5c0-1-.7-1.75-1.75-1.75h-4M9.25 6 7 3.75 9.25 1.5"/>${end}`;

export const linkExternalIcon: IconShape = `${start}<path d="M10 1.75h4.25V6M14 2 8.25 7.75M6 2.75H2.5a.75.75 0 0 0-.75.75v10c0 .4.35.75.75.75h10c.4 0 .75-.35.75-.75V10"/>${end}`;

export const questionIcon: IconShape = `${start}${ring}<path d="M6 6.25A2 2 0 1 1 9 8c-.7.4-1 .8-1 1.5M8 11v1.25"/>${end}`;

export const skipIcon: IconShape = `${start}${ring}<path d="m11 5-6 6"/>${end}`;

export const syncIcon: IconShape = `${start}<path d="M14.25 7A6.3 6.3 0 0 0 3 4.25L1.75 5.5m0-3.75V5.5H5.5M1.75 9A6.3 6.3 0 0 0 13 11.75l1.25-1.25m0 3.75V10.5H10.5"/>${end}`;

export const stopIcon: IconShape = `${start}<path d="M5.2.75h5.6l4.45 4.45v5.6l-4.45 4.45H5.2L.75 10.8V5.2zM8 4.25v4.5m0 2v1.5"/>${end}`;

/** Gitea's own mark of something that runs: a dot within a turning arc. */
export const runningIcon: IconShape =
  start +
  '<circle cx="8" cy="8" r="2" stroke-width="3"/><circle cx="8" cy="8" r="7" opacity=".35"/>' +
  '<path class="dbx-turn" d="M8 1a7 7 0 0 1 7 7"/>' +
  end;
