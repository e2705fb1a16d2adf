import { effect } from '@preact/signals';
import { render } from 'preact';
import { RepositoryModel } from '../../models/repository-model.ts';
import type { PageContext } from '../../page/context.ts';
import { keepMounted } from '../../page/keep-mounted.ts';
import { createServices } from '../../panel-context.ts';
import { adoptStyle } from '../../style/adopt.ts';
import { sidebarPoint } from './sidebar-point.ts';
import css from './sidebar-production.css?inline';
import { SidebarProduction } from './sidebar-production.tsx';

/** What production serves, last in the sidebar of the repository's home, so that nothing there moves. */
export function startSidebarProduction(page: PageContext, signal: AbortSignal): void {
  // Lists of commits and branches count as the code page too, and have no sidebar.
  if (sidebarPoint(document) === null) return;
  const { api, live } = createServices(page, signal);
  adoptStyle(css);
  const model = new RepositoryModel(api, live, signal);
  const element = document.createElement('div');
  element.className = 'flex-item dbx dbx-production';
  const stop = effect(() => {
    element.hidden = model.view.data.value?.production == null;
  });
  render(<SidebarProduction view={model.view.data} link={page.repository.link} />, element);
  keepMounted(element, sidebarPoint, signal);
  signal.addEventListener('abort', () => {
    stop();
    render(null, element);
  });
}
