import { fireEvent } from '@testing-library/preact';
import { describe, expect, it } from 'vitest';
import { run } from '../fixtures/pull-view.ts';
import { repositoryView } from '../fixtures/repository-view.ts';
import { problem, until } from '../page.ts';
import * as data from './tab-data.ts';
import { button, openTab, press, reasonOf, tab, text } from './tab-page.ts';

const runs = { 'GET /runs?sort=started': { body: data.runList } };
const evil = '<img src=x onerror="alert(1)">';

describe('the tab', () => {
  it('says first what is in production, how good it is, and the way back', async () => {
    await openTab('', runs, 'Use fewer trees');
    expect(tab().querySelector('.dbx-production')?.textContent).toContain('ml.prod.wine v12');
    expect(text()).toContain('Ready, 100% v12');
    expect(text()).toContain('accuracy0.913');
    expect(button('Roll back to v11').disabled).toBe(false);
  });

  it('names no version where production never served another', async () => {
    const rollback = { allowed: false, code: 'version-not-releasable', reason: 'Nothing was served before.' };
    const production = { ...repositoryView.production, previous: null, rollback };
    await openTab('', { ...runs, 'GET ': { body: { ...repositoryView, production } } }, 'Use fewer trees');
    expect(button('Roll back').disabled).toBe(true);
    expect(reasonOf('Roll back')).toBe('Nothing was served before.');
  });

  it('shows why somebody may not roll back, beside the button', async () => {
    const rollback = {
      allowed: false,
      code: 'permission-missing',
      reason: 'Only who may merge may release.',
    };
    const view = { ...repositoryView, production: { ...repositoryView.production, rollback } };
    await openTab('', { ...runs, 'GET ': { body: view } }, 'Only who may merge');
    expect(button('Roll back to v11').disabled).toBe(true);
    expect(reasonOf('Roll back to v11')).toBe('Only who may merge may release.');
  });

  it('says where the configuration is wrong and since when Databricks does not answer', async () => {
    const view = {
      ...repositoryView,
      connection: { state: 'unreachable', since: '2026-11-23T10:00:00Z', asOf: '2026-11-23T09:59:00Z' },
      configuration: {
        ...repositoryView.configuration,
        state: 'invalid',
        problems: [
          { file: '.gitea/databricks.yml', line: 12, path: 'a', message: 'limit must be a number.' },
        ],
      },
    };
    await openTab('', { ...runs, 'GET ': { body: view } }, 'Databricks does not answer');
    expect(text()).toMatch(
      /does not answer since Nov 23, \d\d:00 [AP]M; showing the state of Nov 23, \d\d:59 [AP]M\./,
    );
    expect(text()).toContain('.gitea/databricks.yml, line 12: limit must be a number.');
  });

  it('is for people who are signed in', async () => {
    const net = await openTab('', {}, 'Sign in to see runs, models and releases', null);
    expect(net.sent).toEqual([]);
  });

  it('tells an unbound repository from one that failed to load', async () => {
    const absent = problem(404, 'not-found', 'There is nothing.');
    await openTab('', { ...runs, 'GET ': absent }, 'not connected to Databricks');
  });

  it('offers to try again when the server does not answer', async () => {
    let answers = 0;
    const flaky = () => {
      answers += 1;
      return answers > 1
        ? { body: repositoryView }
        : problem(503, 'starting-up', 'The server is starting up.');
    };
    await openTab('', { ...runs, 'GET ': flaky }, 'The server is starting up.');
    await press('Try now', 'Use fewer trees');
  });
});

describe('the runs', () => {
  it('stand with their metrics, the best bold, a broken gate marked, a reason in place of metrics', async () => {
    await openTab('', runs, 'Use fewer trees');
    const [first, second, third] = tab().querySelectorAll('tr[data-run]');
    expect(first?.querySelector('.dbx-change-broken')?.textContent).toContain('0.252');
    expect(first?.querySelector('[aria-label="breaks its gate"]')).not.toBeNull();
    expect(first?.querySelector('.dbx-run-metric b')?.textContent).toBe('0.921');
    expect(second?.textContent).toContain('Superseded by run 43');
    expect(second?.querySelector('.dbx-run-metric')).toBeNull();
    expect(third?.querySelector('.dbx-run-metric b')?.textContent).toBe('0.241');
    expect(third?.textContent).toContain('v12 champion');
  });

  it('are asked for by words and state, and the filter can be cleared', async () => {
    const none = { body: { ...data.runList, items: [], total: 0 } };
    await openTab('', { ...runs, 'GET /runs?query=zzz&sort=started': none }, 'Use fewer trees');
    fireEvent.input(tab().querySelector('input[type=search]') as Element, { target: { value: 'zzz' } });
    await until(() => text().includes('No run matches'), text);
    await press('Clear the filter', 'Use fewer trees');
  });

  it('are asked for by all states that mean the same', async () => {
    const active = 'queued%2Cuploading%2Csubmitted%2Crunning%2Cevaluating';
    const net = await openTab(
      '',
      { ...runs, [`GET /runs?state=${active}&sort=started`]: { body: data.runList } },
      'Use fewer trees',
    );
    const select = tab().querySelector('select') as HTMLSelectElement;
    select.value = decodeURIComponent(active);
    fireEvent.change(select);
    await until(() => net.sent.some(({ path }) => path.includes(active)), text);
  });

  it('are sorted by a metric, best first, and back', async () => {
    const sorted = { body: { ...data.runList, items: [data.champion, run()] } };
    await openTab('', { ...runs, 'GET /runs?sort=log_loss': sorted }, 'Try 200 trees');
    const header = () => button('log_loss');
    fireEvent.click(header());
    await until(() => !text().includes('Try 200 trees'), text);
    expect(header().closest('th')?.getAttribute('aria-sort')).toBe('ascending');
    fireEvent.click(header());
    await until(() => text().includes('Try 200 trees'), text);
  });

  it('come page by page', async () => {
    const page = (from: number) =>
      Array.from({ length: 50 }, (_, index) =>
        run({ id: `run${from + index}`, number: from + index, title: `Number ${from + index}` }),
      );
    await openTab(
      '',
      {
        'GET /runs?sort=started': { body: { ...data.runList, items: page(100), total: 100, next: '50' } },
        'GET /runs?sort=started&cursor=50': { body: { ...data.runList, items: page(200), total: 100 } },
      },
      '50 of 100 runs',
    );
    await press('Show more', '100 of 100 runs');
    expect(text()).toContain('Number 249');
  });

  it('say how the first one comes to be', async () => {
    const none = { body: { ...data.runList, items: [], total: 0 } };
    await openTab('', { 'GET /runs?sort=started': none }, 'No runs yet');
    expect(text()).toContain('A push to the default branch');
  });

  it('are moved through, marked and compared with keys', async () => {
    const detail = (body: unknown) => ({ body });
    await openTab(
      '',
      {
        ...runs,
        [`GET /runs/${run().id}`]: detail(data.runDetail()),
        [`GET /runs/${data.champion.id}`]: detail(data.championDetail),
      },
      'Use fewer trees',
    );
    const links = [...tab().querySelectorAll<HTMLElement>('.dbx-run-name a')];
    const key = (name: string) => fireEvent.keyDown(document.activeElement as Element, { key: name });
    links[0]?.focus();
    key('x');
    key('j');
    key('j');
    expect(document.activeElement).toBe(links[2]);
    key('x');
    await until(() => text().includes('2 runs selected'), text);
    key('c');
    await until(() => text().includes('Compare 2 runs'), text);
    expect(location.hash).toBe(`#/compare/${run().id},${data.champion.id}`);
  });
});

describe('a run', () => {
  const path = `GET /runs/${run().id}`;
  const open = (detail = data.runDetail(), routes = {}) =>
    openTab(`#/runs/${run().id}`, { [path]: { body: detail }, ...routes }, `Run ${detail.run.number}`);

  it('shows the chain, its metrics against production, and what differs', async () => {
    await open();
    expect(text()).toContain('1 of 2 gates fails');
    const chain = tab().querySelector('.dbx-chain')?.textContent ?? '';
    expect(chain).toContain('575d008634');
    expect(chain).toContain('v13');
    expect(chain).toContain('not released: log_loss gate fails');
    expect(tab().querySelector('.dbx-comparison .dbx-broken')?.textContent).toContain('log_loss');
    expect(tab().querySelector('.dbx-differs')?.textContent).toBe('300');
    expect(text()).toContain('1 other is the same.');
    expect(text()).not.toContain('max_depth');
    expect(button('Compare with v12').getAttribute('href')).toBe(`#/compare/${data.champion.id},${run().id}`);
  });

  it('shows why it failed, with the trace, and the log in place', async () => {
    const detail = data.runDetail({
      run: run({ state: 'failed', outcome: null, metrics: {}, version: null }),
      verdict: null,
      error: { task: 'train', message: `ValueError: ${evil}`, trace: 'Traceback: line 48' },
    });
    const key = detail.tasks[0]?.key ?? '';
    const output = { logs: `epoch 1 ${evil}`, truncated: true, error: null, errorTrace: null };
    await open(detail, { [`GET /runs/${run().id}/tasks/${key}/output`]: { body: output } });
    expect(text()).toContain('Failed in train');
    expect(text()).toContain('Traceback: line 48');
    await press('Log', 'epoch 1');
    expect(text()).toContain('the beginning is left out');
    expect(tab().querySelector('img[src=x]')).toBeNull();
  });

  it('is cancelled while under way, and says when that was refused', async () => {
    const detail = data.runDetail({
      run: run({ state: 'running', endedAt: null, outcome: null }),
      verdict: null,
    });
    const refusal = problem(409, 'run-not-cancellable', 'The run has ended already.');
    const net = await open(detail, { [`POST /runs/${run().id}/cancel`]: refusal });
    await press('Cancel', 'The run has ended already.');
    expect(net.sent.some(({ method }) => method === 'POST')).toBe(true);
  });

  it('says that there is no such run, and leads to those that are', async () => {
    const refused = problem(400, 'bad-request', 'The request has wrong fields.');
    await openTab('#/runs/nonsense', { 'GET /runs/nonsense': refused }, 'This repository has no such run');
    expect(button('See all runs').getAttribute('href')).toBe('#/runs');
    expect(text()).not.toContain('Try now');
  });

  it('leads to the run that training again started', async () => {
    const next = run({ id: '0mf9z8y7x6w5v4u3t2s1', number: 44, state: 'queued', outcome: null });
    await open(data.runDetail(), {
      [`POST /runs/${run().id}/retry`]: { status: 201, body: next },
      [`GET /runs/${next.id}`]: { body: data.runDetail({ run: next, verdict: null, tasks: [] }) },
    });
    await press('Train again', 'Run 44');
    expect(location.hash).toBe(`#/runs/${next.id}`);
    expect(text()).toContain('Queued');
  });

  it('keeps every string of the workspace as text', async () => {
    const verdict = data.runDetail().verdict;
    const metrics = (verdict?.metrics ?? []).map((row) => ({ ...row, metric: `${evil}${row.metric}` }));
    await open(
      data.runDetail({
        run: run({ title: evil, branch: evil, stateReason: evil }),
        verdict: verdict && { ...verdict, title: evil, summary: evil, metrics },
        parameters: [{ name: evil, value: evil, baseline: null }],
        artifacts: [{ path: evil, size: null, directory: true }],
        release: evil,
      }),
    );
    expect(tab().querySelector('[onerror], img[src=x]')).toBeNull();
    expect(text()).toContain(evil);
  });
});

describe('comparing', () => {
  it('puts production first, underlines the best and shows only what differs', async () => {
    await openTab(
      `#/compare/${run().id},${data.champion.id}`,
      {
        [`GET /runs/${run().id}`]: { body: data.runDetail() },
        [`GET /runs/${data.champion.id}`]: { body: data.championDetail },
      },
      'Compare 2 runs',
    );
    const heads = [...tab().querySelectorAll('.dbx-compare-head')].map((head) => head.textContent);
    expect(heads[0]).toContain('38 Grow deeper trees');
    expect(heads[1]).toContain('43 Use fewer trees');
    const row = [...tab().querySelectorAll('.dbx-compare tbody tr')].find((one) =>
      one.textContent?.startsWith('log_loss'),
    );
    expect(row?.querySelector('.dbx-best')?.textContent).toBe('0.241');
    expect(row?.textContent).toContain('+4.6% worse');
    expect(text()).toContain('n_estimators');
    expect(text()).not.toContain('max_depth');
    fireEvent.click(tab().querySelector('.dbx-compare-section input') as Element);
    await until(() => text().includes('max_depth'), text);
  });
});

describe('the models', () => {
  it('stand through time, the live one marked, with the way to each or the reason why not', async () => {
    await openTab('#/models', { 'GET /models': { body: data.modelList(data.versions) } }, '3 versions');
    expect(tab().querySelector('.dbx-version-live')?.textContent).toContain('v12');
    expect(button('Promote v13').disabled).toBe(true);
    expect(reasonOf('Promote v13')).toBe('Its gates failed.');
    expect(
      [...tab().querySelectorAll('button')].filter((one) => one.textContent === 'Roll back to v11').length,
    ).toBe(2);
    expect(text()).toContain('0%, still loaded');
    expect(text()).toContain('served 6 d 0 h, until');
  });
});

describe('what Databricks does not tell', () => {
  const down = {
    state: 'unreachable',
    since: '2026-11-23T10:00:00Z',
    asOf: '2026-11-23T09:59:00Z',
  } as const;
  const head = (changes: object = {}) => ({
    'GET ': { body: { ...repositoryView, connection: down, ...changes } },
  });
  const outage = /Databricks does not answer since .*; showing the state of .*\./;

  it('is shown as it was, on the page of a run as well as in the comparison and the models', async () => {
    const path = `GET /runs/${run().id}`;
    const detail = data.runDetail({ connection: down, artifacts: null });
    await openTab(
      `#/runs/${run().id}`,
      { ...head(), [path]: { body: detail } },
      'Databricks does not tell them',
    );
    expect(text()).toMatch(outage);
    const models = { 'GET /models': { body: { ...data.modelList(data.versions), connection: down } } };
    await openTab('#/models', { ...head(), ...models }, '3 versions');
    expect(text()).toMatch(outage);
    await openTab(`#/compare/${run().id}`, { ...head(), [path]: { body: detail } }, 'One run');
    expect(text()).toMatch(outage);
  });

  it('is not taken for nothing: neither the versions nor what is in production', async () => {
    const list = data.modelList([]);
    const unknown = { models: list.models.map((entry) => ({ ...entry, known: false })), connection: down };
    await openTab(
      '#/models',
      { ...head({ production: null }), 'GET /models': { body: unknown } },
      'The versions of ml.prod.wine are not known',
    );
    expect(tab().querySelector('.dbx-production')?.textContent).toContain('Not known');
    expect(text()).not.toContain('has no versions yet');
  });
});

describe('the models for somebody who may not release', () => {
  it('say once why, and every button points there', async () => {
    const reason = 'Releasing needs write access to ml/wine; you have read access.';
    const release = { allowed: false, code: 'permission-missing', reason };
    const permissions = { ...repositoryView.permissions, release };
    await openTab(
      '#/models',
      {
        'GET ': { body: { ...repositoryView, production: null, permissions } },
        'GET /models': { body: data.modelList(data.versions) },
      },
      '3 versions',
    );
    expect(text().split(reason).length - 1).toBe(1);
    expect(button('Promote v13').disabled).toBe(true);
    expect(reasonOf('Promote v13')).toBe(reason);
    expect(reasonOf('Roll back to v11')).toBe(reason);
  });
});

describe('the releases', () => {
  const models = { 'GET /models': { body: data.modelList(data.versions) } };

  it('begin with the hold: who, why, and the way out', async () => {
    let held = true;
    const net = await openTab(
      '#/releases',
      {
        ...models,
        'GET /releases': () => ({ body: data.releaseList(held ? {} : { hold: null }) }),
        'POST /models/wine/hold/lift': () => {
          held = false;
          return { status: 204 };
        },
      },
      'Automatic promotion is on hold.',
    );
    expect(text()).toContain('ada rolled back v12 to v11');
    expect(text()).toContain('“log_loss on live traffic is 0.31”');
    fireEvent.click(button('Lift the hold'));
    await until(() => !text().includes('on hold'), text);
    expect(net.sent.filter(({ method }) => method === 'POST').length).toBe(1);
  });

  it('say who may end a half-done one, to whom may not', async () => {
    const reason =
      'Releasing needs write access to ml/wine; you have read access. An administrator can give it.';
    const release = { allowed: false, code: 'write-missing', reason };
    const list = data.releaseList({ items: [data.halfDone], release });
    await openTab('#/releases', { ...models, 'GET /releases': { body: list } }, 'is half done');
    expect(button('Finish or undo').disabled).toBe(true);
    expect(reasonOf('Finish or undo')).toBe(reason);
  });

  it('say why somebody may not lift it, and what a refusal said', async () => {
    const lift = { allowed: false, code: 'permission-missing', reason: 'Only who may merge may lift it.' };
    await openTab(
      '#/releases',
      { ...models, 'GET /releases': { body: data.releaseList({ lift }) } },
      'Only who may merge may lift it.',
    );
    expect(button('Lift the hold').disabled).toBe(true);
  });

  it('tell when lifting was refused', async () => {
    const refusal = problem(403, 'permission-missing', 'You may no longer release.');
    await openTab(
      '#/releases',
      { ...models, 'GET /releases': { body: data.releaseList() }, 'POST /models/wine/hold/lift': refusal },
      'on hold',
    );
    await press('Lift the hold', 'You may no longer release.');
    expect(button('Lift the hold').disabled).toBe(false);
  });

  it('draw the metric that the reader chooses', async () => {
    await openTab(
      '#/releases',
      { ...models, 'GET /releases': { body: data.releaseList() } },
      'log_loss in production',
    );
    const labels = () => tab().querySelector('.dbx-staircase')?.getAttribute('aria-label');
    expect(labels()).toBe('log_loss of the releases: v12 0.241, v11 0.243');
    const select = tab().querySelector('select') as HTMLSelectElement;
    await until(() => select.options.length > 1, text);
    select.value = 'accuracy';
    fireEvent.change(select);
    await until(() => text().includes('accuracy in production'), text);
    expect(labels()).toContain('accuracy of the releases: v12 0.913');
  });

  it('keep a reason as text', async () => {
    const items = [{ ...data.done, reason: evil }, data.promotion];
    await openTab('#/releases', { ...models, 'GET /releases': { body: data.releaseList({ items }) } }, evil);
    expect(tab().querySelector('img[src=x]')).toBeNull();
  });

  it('say how the first one comes to be', async () => {
    const nothing = { body: data.releaseList({ items: [], hold: null }) };
    await openTab('#/releases', { ...models, 'GET /releases': nothing }, 'Nothing was released yet');
  });
});

describe('the audit log', () => {
  it('is proved first; refusals are rows', async () => {
    await openTab('#/audit', { 'GET /audit?limit=50': { body: data.auditList() } }, 'Chain intact');
    expect(text()).toContain('entries 1 to 1,842');
    expect(text()).toContain('2026-11-23 14:23:08');
    expect(text()).toContain('Refused: Not permitted');
    expect(text()).toContain('delivery 60af8f11');
    expect(text()).toContain('c41f…9a07');
  });

  it('says where the chain is broken', async () => {
    const verification = { ...data.auditList().verification, intact: false, brokenAt: 17 };
    await openTab(
      '#/audit',
      { 'GET /audit?limit=50': { body: data.auditList({ verification }) } },
      'Chain broken at entry 17',
    );
  });

  it('says who may read it to whom may not', async () => {
    const refusal = problem(403, 'permission-missing', 'Only administrators may read the audit log.');
    await openTab('#/audit', { 'GET /audit?limit=50': refusal }, 'Only administrators may read');
  });
});
