import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Production } from '../../../src/contract/release.ts';
import { startPullStatusLine } from '../../../src/panel/features/pull-status-line/index.tsx';
import { startSidebarProduction } from '../../../src/panel/features/sidebar-production/index.tsx';
import * as data from '../fixtures/pull-view.ts';
import { repositoryView } from '../fixtures/repository-view.ts';
import { network, pageContext, problem, until } from '../page.ts';

let abort: AbortController;
beforeEach(() => {
  abort = new AbortController();
  document.documentElement.lang = 'en';
});
afterEach(() => abort.abort());

describe('the line on the Files tab', () => {
  const line = () => document.querySelector('.dbx-status-line') as HTMLElement;

  it('says the verdict with the metric that decides, and leads to the box', async () => {
    document.body.innerHTML = '<div class="issue-title-meta"></div>';
    network({ 'GET api/v1/repositories/7/pulls/3': { body: data.pullView() } });
    startPullStatusLine(pageContext({ kind: 'pull-files' }), abort.signal);
    await until(() => line().textContent !== '');
    expect(line().textContent).toBe('1 of 2 gates failslog_loss +4.6%');
    expect(line().querySelector('a')?.getAttribute('href')).toBe('/ml/wine/pulls/3#databricks');
  });

  it.each([
    ['there is no run', { body: data.pullView({ run: null, verdict: null }) }],
    ['the pull request cannot be read', problem(403, 'permission-missing', 'No.')],
  ])('says nothing while %s', async (_case, answer) => {
    document.body.innerHTML = '<div class="issue-title-meta"></div>';
    const net = network({ 'GET api/v1/repositories/7/pulls/3': answer });
    startPullStatusLine(pageContext({ kind: 'pull-files' }), abort.signal);
    await until(() => net.sent.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(line().textContent).toBe('');
  });
});

describe('production in the sidebar', () => {
  const section = () => document.querySelector('.dbx-production') as HTMLElement;
  const path = 'GET api/v1/repositories/7';
  const production = repositoryView.production as Production;

  function show(changed: Production | null, connection = repositoryView.connection) {
    document.body.innerHTML =
      '<div class="repo-home-sidebar-bottom"><div class="flex-list"><div class="flex-item">Languages</div></div></div>';
    const net = network({ [path]: { body: { ...repositoryView, connection, production: changed } } });
    startSidebarProduction(pageContext({ kind: 'code', pull: null }), abort.signal);
    return net;
  }

  it('names version, primary metric and origin, last in the list', async () => {
    show(production);
    await until(() => section().hidden === false);
    expect(section().previousElementSibling?.textContent).toBe('Languages');
    expect(section().textContent).toMatch(
      /Productionv12accuracy 0\.913released .* by ada from #1All releases/,
    );
    expect(section().querySelector('svg')?.getAttribute('aria-label')).toBe('the endpoint serves it');
  });

  it('tells an endpoint that does not serve and a hold', async () => {
    show({
      ...production,
      endpoint: { ...production.endpoint!, ready: false },
      hold: { since: '2026-11-21T10:00:00Z', by: production.by!, reason: null, release: 'r' },
    });
    await until(() => section().hidden === false);
    expect(section().querySelector('svg')?.getAttribute('aria-label')).toContain('does not serve');
    expect(section().textContent).toContain('automatic promotion on hold');
  });

  it('says how old it is while Databricks does not answer', async () => {
    show(production, {
      state: 'unreachable',
      since: '2026-11-23T10:02:00Z',
      asOf: '2026-11-23T10:01:00Z',
    });
    await until(() => section().hidden === false);
    expect(section().textContent).toMatch(/as of Nov 23, \d\d:01.*: Databricks does not answer/);
  });

  it('is not there before the first release', async () => {
    const net = show(null);
    await until(() => net.sent.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(section().hidden).toBe(true);
  });
});
