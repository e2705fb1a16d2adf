import type { IconShape } from './icon.tsx';

// Octicons of even outlines, drawn anew with strokes: a third of the size of the outlines of strokes. Plain
// strings, not calls: the build then sees that a page may have one without the others.
const start = '<svg viewBox="0 0 16 16"><g fill="none" stroke="currentColor" stroke-width="1.5">';
const end = '</g></svg>';
const ring = '<circle cx="8" cy="8" r="7.25"/>';

export const circleIcon: IconShape = start + ring + end;

export const databaseIcon: IconShape =
  start +
  '<path d="M14.25 3.5c0 1.5-2.8 2.75-6.25 2.75S1.75 5 1.75 3.5 4.55.75 8 .75s6.25 1.25 6.25 2.75v9c0 1.5-2.8 ' +
  '2.75-6.25 2.75s-6.25-1.25-6.25-2.75v-9M1.75 8c0 1.5 2.8 2.75 6.25 2.75S14.25 9.5 14.25 8"/>' +
  end;

export const questionIcon: IconShape = `${start}${ring}<path d="M6 6.25A2 2 0 1 1 9 8c-.7.4-1 .8-1 1.5M8 11v1.25"/>${end}`;

export const skipIcon: IconShape = `${start}${ring}<path d="m11 5-6 6"/>${end}`;

export const stopIcon: IconShape = `${start}<path d="M5.2.75h5.6l4.45 4.45v5.6l-4.45 4.45H5.2L.75 10.8V5.2zM8 4.25v4.5m0 2v1.5"/>${end}`;

/** Gitea's own mark of something that runs: a dot within a turning arc. */
export const runningIcon: IconShape =
  start +
  '<circle cx="8" cy="8" r="2" stroke-width="3"/><circle cx="8" cy="8" r="7" opacity=".35"/>' +
  '<path class="dbx-turn" d="M8 1a7 7 0 0 1 7 7"/>' +
  end;
