import { effect } from '@preact/signals';
import { render } from 'preact';
import { PullModel } from '../../models/pull-model.ts';
import type { PageContext } from '../../page/context.ts';
import { keepMounted } from '../../page/keep-mounted.ts';
import { pullBoxPoint } from '../../page/mount-point.ts';
import type { PanelContext } from '../../panel-context.ts';
import { adoptStyle } from '../../style/adopt.ts';
import css from './pull-box.css?inline';
import { PullBox } from './pull-box.tsx';

/** The box above the merge box: live training state, verdict, metrics against production, actions. */
export function startPullBox(context: PanelContext, signal: AbortSignal): void {
  const { page, api, live, signIn } = context;
  if (page.pull === null) return;
  adoptStyle(css);
  const model = new PullModel(api, live, page.pull, signal);
  const element = document.createElement('div');
  element.className = 'timeline-item comment dbx dbx-box';
  element.id = 'databricks';
  const stop = effect(() => {
    // Not bound after all: the topic was only a hint, and nothing is what such a page shows.
    element.hidden = model.view.data.value === null && model.view.problem.value?.code === 'not-found';
  });
  render(<PullBox model={model} signIn={signIn} links={linksOf(page)} live={live.connection} />, element);
  keepMounted(element, pullBoxPoint, signal);
  signal.addEventListener('abort', () => {
    stop();
    render(null, element);
  });
}

/** Addresses in Gitea that the box leads to. */
export interface BoxLinks {
  /** The repository's Databricks tab. */
  tab: string;
  files: string;
  commit(sha: string): string;
  compare(first: string, second: string): string;
}

function linksOf(page: PageContext): BoxLinks {
  const { link } = page.repository;
  const tab = `${link}?tab=databricks`;
  return {
    tab,
    files: `${link}/pulls/${page.pull}/files`,
    commit: (sha) => `${link}/commit/${encodeURIComponent(sha)}`,
    compare: (first, second) => `${tab}#/compare/${encodeURIComponent(first)},${encodeURIComponent(second)}`,
  };
}
