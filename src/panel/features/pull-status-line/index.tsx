import { render } from 'preact';
import { PullModel } from '../../models/pull-model.ts';
import type { PageContext } from '../../page/context.ts';
import { keepMounted } from '../../page/keep-mounted.ts';
import { createServices } from '../../panel-context.ts';
import { adoptStyle } from '../../style/adopt.ts';
import { pullTitlePoint } from './pull-title-point.ts';
import css from './status-line.css?inline';
import { StatusLine } from './status-line.tsx';

/** One line under the title on the tabs that have no time line; it leads to the box. */
export function startPullStatusLine(page: PageContext, signal: AbortSignal): void {
  if (page.pull === null) return;
  const { api, live } = createServices(page, signal);
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
