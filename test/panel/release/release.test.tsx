import { fireEvent } from '@testing-library/preact';
import { describe, expect, it } from 'vitest';
import type { ReleasePlan } from '../../../src/contract/release.ts';
import type { Answer } from '../page.ts';
import { problem, until } from '../page.ts';
import * as data from '../tab/tab-data.ts';
import { button, dialog, openTab, press, reasonOf, tab, text } from '../tab/tab-page.ts';

type Routes = Parameters<typeof openTab>[1];
const planRoute = 'POST /models/wine/plans';
const releaseRoute = 'POST /models/wine/releases';
const runs = { 'GET /runs?sort=started': { body: data.runList } };

/** Presses "Roll back to v11" and waits for the plan. */
async function openPlan(routes: Routes, plan: ReleasePlan = data.plan()) {
  const net = await openTab('', { ...runs, [planRoute]: { body: plan }, ...routes }, 'Use fewer trees');
  fireEvent.click(button('Roll back to v11'));
  await until(() => dialog()?.textContent?.includes('After the rollback') ?? false, text);
  return net;
}

const sentTo = (net: Awaited<ReturnType<typeof openTab>>, route: string) =>
  net.sent.filter(({ method, path }) => `${method} ${path.replace('api/v1/repositories/7', '')}` === route);
const confirm = () =>
  [...(dialog()?.querySelectorAll('button') ?? [])].find((one) =>
    one.classList.contains('red'),
  ) as HTMLButtonElement;
const said = () => (dialog()?.textContent ?? '').replace(/\s+/g, ' ');

describe('the plan of a rollback', () => {
  it('shows from and to, what gets worse, what moves, and asks for nothing to be done', async () => {
    const net = await openPlan({});
    expect(said()).toContain('In production nowv12');
    expect(said()).toContain('After the rollbackv11');
    expect(said()).toContain('served 6 d 0 h, until');
    expect(said()).toContain('Traffic of wine switches; v11 is still loaded');
    expect(dialog()?.querySelector('.dbx-effects .dbx-change-worse')?.textContent).toContain('sulphates');
    expect(said()).toContain('Nothing else is in flight.');
    expect(sentTo(net, planRoute)[0]?.body).toEqual({ kind: 'rollback', toVersion: 11 });
    expect(sentTo(net, releaseRoute)).toEqual([]);
  });

  it('is carried out with its digest and the reason', async () => {
    const net = await openPlan({
      [releaseRoute]: { body: data.release() },
      'GET /releases/r13': { body: data.done },
    });
    fireEvent.input(dialog()?.querySelector('textarea') as Element, {
      target: { value: '  log_loss on live traffic is 0.31 ' },
    });
    fireEvent.click(confirm());
    await until(() => said().includes('Rollback to v11'), text);
    expect(sentTo(net, releaseRoute)[0]?.body).toEqual({
      kind: 'rollback',
      toVersion: 11,
      digest: 'a'.repeat(64),
      reason: 'log_loss on live traffic is 0.31',
    });
  });

  it('sends no reason where none was given', async () => {
    const net = await openPlan({
      [releaseRoute]: { body: data.done },
    });
    fireEvent.click(confirm());
    await until(() => said().includes('v11 is in production'), text);
    expect(Object.keys(sentTo(net, releaseRoute)[0]?.body as object)).not.toContain('reason');
  });

  it('cannot be confirmed when something blocks it, and says what', async () => {
    await openPlan({}, data.plan({ blocked: ['The rollback to v10 is under way.'] }));
    expect(confirm().disabled).toBe(true);
    const id = confirm().getAttribute('aria-describedby') ?? '';
    expect(document.getElementById(id)?.textContent).toContain('The rollback to v10 is under way.');
  });

  it('is replaced by a fresh one when something changed, and did nothing', async () => {
    const fresh = data.plan({ digest: 'b'.repeat(64), inFlight: ['Run 44 trains'] });
    let asked = 0;
    const answer = (): Answer => {
      asked += 1;
      if (asked > 1) return { body: data.done };
      return problem(409, 'plan-outdated', 'The champion changed.', { plan: fresh });
    };
    const net = await openPlan({ [releaseRoute]: answer });
    fireEvent.click(confirm());
    await until(() => said().includes('Nothing was done.'), text);
    expect(said()).toContain('This is the fresh plan.');
    expect(said()).toContain('Run 44 trains');
    fireEvent.click(confirm());
    await until(() => said().includes('v11 is in production'), text);
    const digests = sentTo(net, releaseRoute).map(({ body }) => (body as { digest: string }).digest);
    expect(digests).toEqual(['a'.repeat(64), 'b'.repeat(64)]);
  });

  it('says why it was refused and can be tried again', async () => {
    await openPlan({ [releaseRoute]: problem(403, 'permission-missing', 'You may not release into main.') });
    fireEvent.click(confirm());
    await until(() => said().includes('You may not release into main.'), text);
    expect(confirm().disabled).toBe(false);
  });

  it('says why it could not be made', async () => {
    const refusal = problem(422, 'version-not-releasable', 'There is no v11.');
    await openTab('', { ...runs, [planRoute]: refusal }, 'Use fewer trees');
    fireEvent.click(button('Roll back to v11'));
    await until(() => said().includes('There is no v11.'), text);
    expect(confirm().disabled).toBe(true);
  });

  it('is left without a trace by Escape', async () => {
    const net = await openPlan({});
    dialog()?.dispatchEvent(new Event('cancel', { cancelable: true }));
    await until(() => dialog() === null, text);
    expect(sentTo(net, releaseRoute)).toEqual([]);
  });

  it('keeps every string of the workspace as text', async () => {
    const evil = '<img src=x onerror="alert(1)">';
    await openPlan(
      {},
      data.plan({
        name: evil,
        to: { ...data.plan().to, title: evil },
        effects: [{ kind: 'endpoint', text: evil, level: 'ok' }],
        metrics: data.plan().metrics.map((row) => ({ ...row, metric: evil })),
        inFlight: [evil],
      }),
    );
    expect(dialog()?.querySelector('[onerror], img')).toBeNull();
    expect(said()).toContain(evil);
  });
});

describe('a rollback under way', () => {
  it('is followed step by step to what was read back', async () => {
    let looks = 0;
    await openPlan({
      [releaseRoute]: { body: data.release() },
      'GET /releases/r13': () => {
        looks += 1;
        return { body: looks > 1 ? data.done : data.release() };
      },
    });
    fireEvent.click(confirm());
    await until(() => said().includes('under way'), text);
    expect(said()).toContain('Switch the traffic');
    expect(button('Close, it goes on').disabled).toBe(false);
    for (let round = 0; round < 4 && !said().includes('in production'); round += 1) {
      await until(() => looks > round || said().includes('in production'), text);
    }
    await until(() => said().includes('Rolled back from v12 to v11 in 6 s.'), text);
    expect(said()).toContain('Users get v11. The alias points to v11.');
  });

  it('leads to lifting the hold, and back to where it came from', async () => {
    const net = await openPlan({
      [releaseRoute]: { body: data.done },
      'POST /models/wine/hold/lift': { status: 204 },
    });
    fireEvent.click(confirm());
    await until(() => said().includes('Automatic promotion is on hold'), text);
    fireEvent.click(button('Lift the hold'));
    await until(() => said().includes('merges promote again'), text);
    fireEvent.click(button('Undo: back to v12'));
    await until(() => sentTo(net, planRoute).length === 2, text);
    expect(sentTo(net, planRoute)[1]?.body).toEqual({ kind: 'promotion', toVersion: 12 });
  });
});

describe('a half-done rollback', () => {
  const routes = (more: Routes): Routes => ({
    'GET /models': { body: data.modelList(data.versions) },
    'GET /releases': { body: data.releaseList({ items: [data.halfDone, data.promotion], hold: null }) },
    'GET /releases/r13': { body: data.halfDone },
    ...more,
  });

  async function open(more: Routes) {
    const net = await openTab('#/releases', routes(more), 'is half done');
    fireEvent.click(button('Finish or undo'));
    await until(() => said().includes('Rollback is half done'), text);
    return net;
  }

  it('says what is true now, row by row, and offers both ways', async () => {
    await open({});
    expect(said()).toContain('Users get v12. The alias points to v11.');
    const [alias, endpoint] = dialog()?.querySelectorAll('tbody tr') ?? [];
    expect([...(alias?.children ?? [])].map((cell) => cell.textContent)).toEqual([
      'Move the alias',
      'champion → v11',
      'champion → v11',
      ' done',
    ]);
    expect(endpoint?.className).toBe('dbx-step-failed');
    expect(endpoint?.children[1]?.textContent).toBe('v12 100 %');
    expect(endpoint?.textContent).toContain('not done');
    expect(endpoint?.textContent).toContain('HTTP 503');
    expect(tab().querySelectorAll('dialog button').length).toBeGreaterThanOrEqual(2);
  });

  it.each([
    ['Finish: on to v11', 'finish', data.done, 'v11 is in production'],
    ['Undo: back to v12', 'undo', data.release({ state: 'undone' }), 'Rollback was undone'],
  ])('%s sends that and shows what came of it', async (name, how, after, words) => {
    const net = await open({ [`POST /releases/r13/${how}`]: { body: after } });
    await press(name, words);
    expect(net.sent.filter(({ method }) => method === 'POST').map(({ path }) => path)).toEqual([
      `api/v1/repositories/7/releases/r13/${how}`,
    ]);
  });

  it('stays open when finishing was refused, with the reason', async () => {
    await open({ 'POST /releases/r13/finish': problem(403, 'permission-missing', 'You may not release.') });
    await press('Finish: on to v11', 'You may not release.');
    expect(said()).toContain('Rollback is half done');
  });
});

describe('promoting', () => {
  it('plans a promotion and confirms in blue', async () => {
    const fresh = { ...data.versions[0]!, outcome: 'pass' as const, promote: { allowed: true as const } };
    const plan = data.plan({ kind: 'promotion', to: { ...data.plan().to, version: 13, servedFrom: null } });
    const net = await openTab(
      '#/models',
      { 'GET /models': { body: data.modelList([fresh]) }, [planRoute]: { body: plan } },
      'Promote v13',
    );
    fireEvent.click(button('Promote v13'));
    await until(() => said().includes('After the promotion'), text);
    expect(sentTo(net, planRoute)[0]?.body).toEqual({ kind: 'promotion', toVersion: 13 });
    const confirming = dialog()?.querySelector('.dbx-dialog-footer .primary');
    expect(confirming?.textContent).toBe('Promote v13');
    expect(reasonOf('Cancel')).toBe('');
  });
});
