import { render } from 'preact';
import { PullModel } from '../../models/pull-model.ts';
import { keepMounted } from '../../page/keep-mounted.ts';
import { pullTitlePoint } from '../../page/mount-point.ts';
import type { PanelContext } from '../../panel-context.ts';
import { adoptStyle } from '../../style/adopt.ts';
import css from './status-line.css?inline';
import { StatusLine } from './status-line.tsx';

/** One line under the title on the tabs that have no time line; it leads to the box. */
export function startPullStatusLine({ page, api, live }: PanelContext, signal: AbortSignal): void {
  if (page.pull === null) return;
  adoptStyle(css);
  const model = new PullModel(api, live, page.pull, signal);
  const element = document.createElement('div');
  element.className = 'dbx dbx-status-line';
  render(
    <StatusLine view={model.view.data} href={`${page.repository.link}/pulls/${page.pull}#databricks`} />,
    element,
  );
  keepMounted(element, pullTitlePoint, signal);
  signal.addEventListener('abort', () => render(null, element));
}
