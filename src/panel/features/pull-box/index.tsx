import { effect } from '@preact/signals';
import { render } from 'preact';
import { PullModel } from '../../models/pull-model.ts';
import type { PageContext } from '../../page/context.ts';
import { keepMounted } from '../../page/keep-mounted.ts';
import { createServices } from '../../panel-context.ts';
import { adoptStyle } from '../../style/adopt.ts';
import { boxLinks } from './links.ts';
import css from './pull-box.css?inline';
import { PullBox } from './pull-box.tsx';
import { pullBoxPoint } from './pull-box-point.ts';

/** The box above the merge box: live training state, verdict, metrics against production, actions. */
export function startPullBox(page: PageContext, signal: AbortSignal): void {
  if (page.pull === null) return;
  const { api, live, signIn } = createServices(page, signal);
  adoptStyle(css);
  const model = new PullModel(api, live, page.pull, signal);
  const element = document.createElement('div');
  element.className = 'timeline-item comment dbx dbx-box';
  element.id = 'databricks';
  const stop = effect(() => {
    // Not bound after all: the topic was only a hint, and nothing is what such a page shows.
    element.hidden = model.view.data.value === null && model.view.problem.value?.code === 'not-found';
  });
  render(<PullBox model={model} signIn={signIn} links={boxLinks(page)} live={live.connection} />, element);
  keepMounted(element, pullBoxPoint, signal);
  signal.addEventListener('abort', () => {
    stop();
    render(null, element);
  });
}
