import { hashOf } from './route.ts';
import type { TabModel } from './tab-model.ts';

/**
 * Keys of the runs list: j and k move, x marks, c compares; Enter follows the link that has the focus. They act
 * only while the focus is in the list, so that they take no key from the page or from a screen reader.
 */
export function onRunKey(event: KeyboardEvent, model: TabModel): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const list = event.currentTarget as HTMLElement;
  const rows = [...list.querySelectorAll<HTMLElement>('tr[data-run]')];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  switch (event.key) {
    case 'j':
    case 'k': {
      const next = rows[at === -1 ? 0 : at + (event.key === 'j' ? 1 : -1)];
      next?.querySelector<HTMLElement>('.dbx-run-name a')?.focus();
      break;
    }
    case 'x': {
      const id = rows[at]?.dataset.run;
      if (id === undefined) return;
      model.select(id);
      break;
    }
    case 'c':
      if (model.selected.value.length < 2) return;
      location.hash = hashOf({ view: 'compare', ids: [...model.selected.value] });
      break;
    default:
      return;
  }
  event.preventDefault();
}
