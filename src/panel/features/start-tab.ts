import { RepositoryApi } from '../api/repository-api.ts';
import type { PageContext } from '../page/context.ts';
import { createServices } from '../panel-context.ts';
import { mountTab } from './tab/index.tsx';

/** The Databricks tab, in the place that the templates keep for it. */
export function startTab(page: PageContext, signal: AbortSignal): void | Promise<void> {
  const element = document.getElementById('dbx-root');
  if (element === null) return undefined;
  const services = createServices(page, signal);
  const api = new RepositoryApi(services.backend, page.repository.id);
  return mountTab(element, { ...services, api }, signal);
}
