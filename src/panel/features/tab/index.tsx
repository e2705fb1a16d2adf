import { render } from 'preact';
import type { PanelContext } from '../../panel-context.ts';
import { adoptStyle } from '../../style/adopt.ts';
import tableCss from '../../style/table.css?inline';
import css from './tab.css?inline';
import { Tab } from './tab.tsx';
import { TabModel } from './tab-model.ts';

/** Draws the Databricks tab into its element until the signal aborts. */
export function mountTab(element: HTMLElement, context: PanelContext, signal: AbortSignal): void {
  adoptStyle(tableCss, css);
  element.replaceChildren();
  element.classList.add('dbx', 'dbx-home');
  const model = new TabModel(context, signal);
  render(<Tab model={model} />, element);
  signal.addEventListener('abort', () => render(null, element), { once: true });
}
