import { fireEvent } from '@testing-library/preact';
import { afterEach, beforeEach } from 'vitest';
import { RepositoryApi } from '../../../src/panel/api/repository-api.ts';
import { mountTab } from '../../../src/panel/features/tab/index.tsx';
import { createServices } from '../../../src/panel/panel-context.ts';
import { repositoryView } from '../fixtures/repository-view.ts';
import type { Answer } from '../page.ts';
import { network, pageContext, until } from '../page.ts';

const root = 'api/v1/repositories/7';
/** Routes below the repository, by "GET /runs?sort=started". */
type Routes = Record<string, Answer | ((request: { body: unknown }) => Answer | Promise<Answer>)>;

let abort: AbortController;

beforeEach(() => {
  abort = new AbortController();
  document.documentElement.lang = 'en-US';
  document.body.innerHTML = '<div class="ui container" id="dbx-root"></div>';
});

afterEach(() => {
  abort.abort();
  history.replaceState(null, '', '#');
});

/** Opens the tab at an address on a page whose backend answers like this, and waits for the words. */
export async function openTab(hash: string, routes: Routes, words: string, user: number | null = 2) {
  history.replaceState(null, '', hash === '' ? '#' : hash);
  const page = pageContext({ kind: 'tab', pull: null, user });
  const net = network(
    Object.fromEntries(
      Object.entries({ 'GET ': { body: repositoryView }, ...routes }).map(([name, answer]) => [
        name.replace(' ', ` ${root}`),
        answer,
      ]),
    ),
  );
  const services = createServices(page, abort.signal);
  const api = new RepositoryApi(services.backend, page.repository.id);
  await mountTab(tab(), { ...services, api }, abort.signal);
  await until(() => text().includes(words), text);
  return net;
}

export const tab = () => document.getElementById('dbx-root') as HTMLElement;
export const text = () => (tab().textContent ?? '').replace(/\s+/g, ' ');
export const dialog = () => tab().querySelector('dialog');

/** The button or link with this text. */
export function button(name: string): HTMLButtonElement {
  const all = [...tab().querySelectorAll<HTMLButtonElement>('button, a')];
  const found = all.find((one) => one.textContent?.trim() === name);
  if (found === undefined)
    throw new Error(`no "${name}" among: ${all.map((one) => one.textContent).join(' | ')}`);
  return found;
}

/** Presses it and waits for the words. */
export async function press(name: string, words: string): Promise<void> {
  fireEvent.click(button(name));
  await until(() => text().includes(words), text);
}

/** What a disabled button is described by. */
export function reasonOf(name: string): string {
  const id = button(name).getAttribute('aria-describedby') ?? '';
  return document.getElementById(id)?.textContent ?? '';
}
