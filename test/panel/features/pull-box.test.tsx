import { fireEvent } from '@testing-library/preact';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PullView } from '../../../src/contract/pull.ts';
import { startPullBox } from '../../../src/panel/features/pull-box/index.tsx';
import * as data from '../fixtures/pull-view.ts';
import type { Answer } from '../page.ts';
import { network, pageContext, problem, until } from '../page.ts';

const pullPath = 'GET api/v1/repositories/7/pulls/3';
let abort: AbortController;

beforeEach(() => {
  abort = new AbortController();
  document.documentElement.lang = 'en-US';
  document.body.innerHTML = `<div class="issue-content-left comment-list"><div class="ui timeline">
    <div class="timeline-item comment first"></div>
    <div class="timeline-item comment pull-merge-box">merge</div></div></div>`;
});

afterEach(() => abort.abort());

const box = () => document.getElementById('databricks') as HTMLElement;
const text = () => (box().textContent ?? '').replace(/\s+/g, ' ');
const button = (name: string) =>
  [...document.querySelectorAll<HTMLElement>('button, a.button')].find(
    (one) => one.textContent?.trim() === name,
  );

/** Starts the box on a page whose backend answers this view, and waits for the words. */
async function show(
  view: PullView | (() => Answer),
  words: string,
  routes: Parameters<typeof network>[0] = {},
) {
  const net = network({ [pullPath]: typeof view === 'function' ? view : { body: view }, ...routes });
  startPullBox(pageContext(), abort.signal);
  await until(() => text().includes(words), text);
  return net;
}

describe('the pull request box', () => {
  it('stands above the merge box and shows a skeleton until it knows more', async () => {
    network({ [pullPath]: { body: data.pullView() } });
    startPullBox(pageContext(), abort.signal);
    expect(box().nextElementSibling?.textContent).toBe('merge');
    expect(box().querySelector('[role=status]')?.getAttribute('aria-label')).toContain('Loading');
    await until(() => text().includes('1 of 2 gates fails'));
  });

  it('is complete when collapsed: verdict, reason, numbers, provenance', async () => {
    await show(
      data.pullView({ promotion: 'Merging does not release v13: a gate fails.' }),
      '1 of 2 gates fails',
    );
    expect(text()).toContain('v13 compared with v12 in production');
    expect(text()).toContain('log_loss rose by 4.6%, from 0.241 to 0.252.');
    expect(box().querySelector('.dbx-sentence b')?.textContent).toBe('log_loss');
    const [first, second, third] = box().querySelectorAll('.dbx-strip li');
    expect(first?.className).toBe('dbx-broken');
    expect(first?.textContent).toBe('log_loss0.252+4.6% worse, limit +2%');
    expect(second?.textContent).toBe('accuracy0.921+0.9% better');
    expect(third?.querySelector('svg')?.getAttribute('aria-label')).toBe('no gate');
    expect(text()).toContain('Run 43 of 575d008634');
    expect(text()).toContain('took 4 min 12 s');
    expect(text()).toContain('Merging does not release v13');
    expect(box().querySelector('.timeline-avatar')?.className).toContain('dbx-tone-fail');
    expect(button('Compare with v12')?.getAttribute('href')).toBe(
      '/ml/wine?tab=databricks#/compare/0mf0000000000000000v,0mf3k2k4l1a7q9v5x2c4',
    );
  });

  it('says that a worse metric stays within its gate', async () => {
    await show(data.pullView({ verdict: data.passing }), 'All 2 gates pass');
    expect(text()).toContain('+4.6% worse, within +5%');
    expect(box().querySelector('.timeline-avatar')?.className).toContain('dbx-tone-pass');
  });

  it('draws a missing baseline as no pass', async () => {
    await show(data.pullView({ verdict: data.withoutBaseline }), 'no baseline to compare with');
    expect(box().querySelector('.timeline-avatar')?.className).toContain('dbx-tone-plain');
    expect(box().querySelector('.dbx-strip')?.textContent).toContain('no baseline');
    expect(button('Compare with v12')).toBeUndefined();
  });

  it('shows the tasks of a run on its way and asks before it cancels', async () => {
    const net = await show(data.inTraining, 'Training', {
      'POST api/v1/repositories/7/runs/0mf3k2k4l1a7q9v5x2c4/cancel': { body: {} },
    });
    expect(
      [...box().querySelectorAll('.dbx-task')].map((task) =>
        task.querySelector('svg')?.getAttribute('aria-label'),
      ),
    ).toEqual(['succeeded', 'running', 'pending']);
    expect(text()).toContain('round 214 of 300');
    expect(text()).toContain('log_loss 0.243');
    expect(text()).toContain('started by wendy');
    fireEvent.click(button('Cancel training')!);
    await until(() => document.querySelector('dialog') !== null);
    expect(document.querySelector('dialog')?.textContent).toContain('Cancel run 43?');
    expect(net.sent.filter((one) => one.method === 'POST')).toEqual([]);
    fireEvent.click(button('Keep training')!);
    await until(() => document.querySelector('dialog') === null);
    fireEvent.click(button('Cancel training')!);
    await until(() => document.querySelector('dialog') !== null);
    fireEvent.click(button('Cancel run 43')!);
    await until(() => net.sent.some((one) => one.path.endsWith('/cancel')));
    expect(document.querySelector('dialog')).toBeNull();
  });

  it('shows the failing task with the end of its trace, and tries again', async () => {
    const net = await show(data.afterFailure, 'Training failed in task train', {
      'POST api/v1/repositories/7/runs/0mf3k2k4l1a7q9v5x2c4/retry': { status: 201, body: {} },
    });
    expect(box().querySelector('.dbx-trace b')?.textContent).toBe(
      "ValueError: could not convert string to float: 'n/a'",
    );
    expect(text()).toContain('after 4 min 12 s');
    expect(text()).toContain('skipped, because train failed');
    expect(text()).toContain('stays red until a run succeeds');
    fireEvent.click(button('Train again')!);
    await until(() => net.sent.filter((one) => one.method === 'GET').length > 1);
    expect(net.sent[1]).toMatchObject({ method: 'POST', user: '2', body: {} });
  });

  it('lets a writer approve exactly the commit of a fork that is shown', async () => {
    const net = await show(data.fromFork, 'Training waits for approval', {
      'POST api/v1/repositories/7/runs': { status: 201, body: {} },
    });
    expect(button('Look at the changes')?.getAttribute('href')).toBe('/ml/wine/pulls/3/files');
    fireEvent.click(button('Approve and train')!);
    await until(() => net.sent.some((one) => one.method === 'POST'));
    expect(net.sent[1]?.body).toEqual({ pull: 3, commit: data.head });
  });

  it('lets nobody approve a commit of a fork that came in while the page was open', async () => {
    const next = 'e'.repeat(40);
    let head: string = data.head;
    const net = await show(() => ({ body: { ...data.fromFork, head } }), 'Training waits for approval', {
      'POST api/v1/repositories/7/runs': () => {
        head = next;
        return problem(409, 'pull-not-trainable', 'The head is another one now.');
      },
    });
    fireEvent.click(button('Approve and train')!);
    await until(() => text().includes('New commit: reload'), text);
    const approve = button('Approve and train') as HTMLButtonElement;
    expect(approve.disabled).toBe(true);
    expect(document.getElementById(approve.getAttribute('aria-describedby') ?? '')?.textContent).toBe(
      'New commit: reload the page.',
    );
    expect(net.sent.filter(({ method }) => method === 'POST').length).toBe(1);
  });

  it('asks nobody to approve a fork that was merged without training', async () => {
    await show(
      data.pullView({ fork: true, state: 'merged', run: null, verdict: null, runs: [] }),
      'Not trained',
    );
    expect(button('Approve and train')).toBeUndefined();
    expect(button('Train this commit')).toBeUndefined();
  });

  it('puts the reason beside a button that may not be pressed', async () => {
    const reason = 'You may read this repository, not write.';
    await show(
      data.pullView({
        actions: {
          train: { allowed: false, code: 'permission-missing', reason },
          cancel: { allowed: false, code: 'permission-missing', reason },
          retry: { allowed: false, code: 'permission-missing', reason },
        },
      }),
      reason,
    );
    const train = button('Train again') as HTMLButtonElement;
    expect(train.disabled).toBe(true);
    expect(document.getElementById(train.getAttribute('aria-describedby') ?? '')?.textContent).toBe(reason);
  });

  it('shows a refusal where the act was asked for', async () => {
    await show(data.pullView(), '1 of 2 gates fails', {
      'POST api/v1/repositories/7/runs/0mf3k2k4l1a7q9v5x2c4/retry': problem(
        409,
        'run-not-retryable',
        'The pull request has a newer commit.',
      ),
    });
    fireEvent.click(button('Train again')!);
    await until(() => box().querySelector('[role=alert]') !== null);
    expect(text()).toContain('Training was not started. The pull request has a newer commit.');
    fireEvent.click(button('Dismiss')!);
    await until(() => box().querySelector('[role=alert]') === null);
  });

  it('keeps what it showed and says how old it is when Databricks does not answer', async () => {
    await show(data.unreachable, 'Databricks does not answer');
    expect(text()).toMatch(
      /Databricks does not answer since Nov 23, \d\d:05( [AP]M)?; showing the state of Nov 23, \d\d:04/,
    );
    expect(text()).toMatch(/1 of 2 gates fails as of .*, v13 compared with v12/);
    expect(box().querySelector('.timeline-avatar')?.className).toContain('dbx-tone-plain');
    // What is asked for now waits: nobody has to come back for it.
    expect((button('Train again') as HTMLButtonElement).disabled).toBe(false);
  });

  it('says that a run waits until Databricks answers', async () => {
    const { connection } = data.unreachable;
    const run = {
      ...data.inTraining.run!,
      state: 'queued',
      stateReason: 'Waits until Databricks answers.',
    } as const;
    await show(data.pullView({ ...data.inTraining, run, tasks: [], connection }), 'Training is queued');
    expect(text()).toContain('Waits until Databricks answers.');
  });

  it('tells what a reviewer must know', async () => {
    const note = 'This pull request changes .gitea/databricks.yml: it takes effect after the merge.';
    await show(data.pullView({ notes: [{ kind: 'warning', text: note }] }), note);
  });

  it('shrinks to one line where nothing is configured', async () => {
    await show(data.notConfigured, 'Databricks does not train this repository yet.');
    expect(box().querySelector('.dbx-head')).toBeNull();
    expect(box().querySelector('a')?.getAttribute('href')).toBe('/ml/wine?tab=databricks');
  });

  it('is not there at all where the repository is not bound', async () => {
    network({ [pullPath]: problem(404, 'not-found', 'There is no such repository.') });
    startPullBox(pageContext(), abort.signal);
    await until(() => box().hidden === true);
    expect(box().textContent).toBe('');
  });

  it('sends nothing for somebody who is signed out of Gitea', async () => {
    const net = network({});
    startPullBox(pageContext({ user: null }), abort.signal);
    await until(() => text().includes('Sign in'));
    expect(text()).toContain('to see how this pull request trains.');
    expect(box().querySelector('a')?.getAttribute('href')).toContain('redirect_to=');
    expect(net.sent).toEqual([]);
  });

  it('says so when the server is away, and comes back on request', async () => {
    let away = true;
    await show(() => (away ? { fail: true } : { body: data.pullView() }), 'cannot be reached');
    away = false;
    fireEvent.click(button('Try now')!);
    await until(() => text().includes('1 of 2 gates fails'));
  });

  it('shows names and messages from outside as text', async () => {
    const hostile = '<img src=x onerror="window.hacked=1">';
    const verdict = {
      ...data.failing,
      title: hostile,
      metrics: [{ ...data.failing.metrics[0]!, metric: hostile }],
    };
    await show(
      data.pullView({
        verdict,
        notes: [{ kind: 'error', text: hostile }],
        promotion: hostile,
        run: data.run({ title: hostile }),
      }),
      hostile,
    );
    expect(box().querySelector('img')).toBeNull();
  });

  it('is put back when Gitea replaces the content, and is gone when the page ends', async () => {
    await show(data.pullView(), '1 of 2 gates fails');
    const timeline = document.querySelector('.ui.timeline') as HTMLElement;
    timeline.innerHTML =
      '<div class="timeline-item"></div><div class="timeline-item comment pull-merge-box"></div>';
    await until(() => box()?.nextElementSibling?.className.includes('pull-merge-box') === true);
    abort.abort();
    expect(box()).toBeNull();
  });
});

describe('its details', () => {
  it('show the metrics with gates, distance and the change in full', async () => {
    await show(data.pullView(), 'Show details');
    fireEvent.click(button('Show details')!);
    await until(() => box().querySelector('.dbx-metrics') !== null);
    expect(box().querySelector('.dbx-strip')).toBeNull();
    const heads = [...box().querySelectorAll('.dbx-metrics thead th')].map((cell) => cell.textContent);
    expect(heads).toEqual(['Metric', 'Production v12', 'Candidate v13', 'Change', 'Gate']);
    const row = box().querySelector('.dbx-metrics tbody tr');
    expect(row?.className).toBe('dbx-broken');
    expect(row?.textContent).toContain('+0.011 (+4.6%) worse');
    expect(row?.textContent).toContain('≤ 0.246 (+2%)');
    expect(row?.querySelector('.dbx-gauge-outside')).not.toBeNull();
    const inside = box().querySelectorAll('.dbx-metrics tbody tr')[1];
    expect(inside?.textContent).toContain('≥ 0.900');
    expect(inside?.textContent).not.toContain('%)better');
    expect(inside?.querySelector('.dbx-gauge-inside')).not.toBeNull();
  });

  it('start a run with the changed parameters only, and name what the backend refuses', async () => {
    let refuse = true;
    const net = await show(data.pullView(), 'Show details', {
      'POST api/v1/repositories/7/runs': () =>
        refuse
          ? problem(422, 'parameter-invalid', 'depth must be at most 20.', {
              errors: [{ path: 'parameters.depth', message: 'at most 20' }],
            })
          : { status: 201, body: {} },
    });
    fireEvent.click(button('Show details')!);
    await until(() => button('New run') !== undefined);
    fireEvent.click(button('New run')!);
    await until(() => box().querySelector('form') !== null);
    expect(text()).toContain('1 to 20');
    expect(text()).toContain('log or brier');
    fireEvent.input(box().querySelector('#dbx-parameter-depth')!, { target: { value: '9' } });
    await until(() => text().includes('was 6'));
    fireEvent.submit(box().querySelector('form')!);
    await until(() => box().querySelector('[role=alert]') !== null);
    expect(net.sent.find((one) => one.method === 'POST')?.body).toEqual({
      pull: 3,
      commit: data.head,
      parameters: { depth: 9 },
    });
    expect(text()).toContain('at most 20');
    refuse = false;
    fireEvent.submit(box().querySelector('form')!);
    await until(() => box().querySelector('form') === null);
  });

  it('list the runs of the pull request', async () => {
    await show(data.pullView(), 'Show details');
    fireEvent.click(button('Show details')!);
    await until(() => box().querySelector('[role=tablist]') !== null);
    fireEvent.click(box().querySelector('#dbx-tab-runs')!);
    await until(() => box().querySelector('.dbx-runs') !== null);
    const rows = [...box().querySelectorAll('.dbx-runs tbody tr')].map((row) => row.textContent);
    expect(rows[0]).toContain('v13');
    expect(rows[0]).toContain('Gate fails: log_loss');
    expect(rows[1]).toContain('Superseded');
    expect(rows[1]).toContain('–');
  });

  it('go from tab to tab with the arrow keys', async () => {
    await show(data.pullView(), 'Show details');
    fireEvent.click(button('Show details')!);
    await until(() => box().querySelector('[role=tablist]') !== null);
    (box().querySelector('#dbx-tab-metrics') as HTMLElement).focus();
    fireEvent.keyDown(box().querySelector('[role=tablist]')!, { key: 'ArrowRight' });
    await until(() => box().querySelector('form') !== null);
    expect(document.activeElement?.id).toBe('dbx-tab-new-run');
  });
});
