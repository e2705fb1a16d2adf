import { fireEvent } from '@testing-library/preact';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import type { ParkedList } from '../../../src/contract/outbox.ts';
import { ParkedList as ParkedListSchema } from '../../../src/contract/outbox.ts';
import { parked, parkedList } from '../fixtures/parked-messages.ts';
import { head } from '../fixtures/pull-view.ts';
import { repositoryView } from '../fixtures/repository-view.ts';
import { problem, until } from '../page.ts';
import * as data from './tab-data.ts';
import { openTab, tab, text } from './tab-page.ts';

const administers = {
  ...repositoryView,
  permissions: { ...repositoryView.permissions, administer: { allowed: true } },
};
const routes = { 'GET /runs?sort=started': { body: data.runList }, 'GET ': { body: administers } };
const list = (...items: ParkedList['items']) => ({
  body: { items, total: items.length } satisfies ParkedList,
});
const notice = () => tab().querySelector('.dbx-parked');
const rows = () =>
  [...tab().querySelectorAll('.dbx-parked li')].map((row) => row.textContent?.replace(/\s+/g, ' '));
const tryAgain = (position = 0) =>
  tab().querySelectorAll<HTMLButtonElement>('.dbx-parked li button')[position]!;

describe('what could not be delivered', () => {
  it('is what the API may answer', () => {
    expect([...Value.Errors(ParkedListSchema, parkedList)]).toEqual([]);
  });

  it('is told to administrators: what, who refused, in which words, and a way on', async () => {
    await openTab(
      '',
      { ...routes, 'GET /outbox/parked': { body: parkedList } },
      '3 messages could not be delivered',
    );
    const [start, comment, status] = rows();
    expect(start).toContain('Start of run 43: Databricks said “User does not have CAN_MANAGE_RUN');
    expect(start).toContain('1 attempt, given up');
    expect(comment).toContain('Comment in #1: Gitea said “token does not have');
    expect(status).toContain(`Commit status of ${head.slice(0, 10)}: Gitea said`);
    expect(status).toContain('24 attempts');
    expect([...notice()!.querySelectorAll('a')].map((link) => link.getAttribute('href'))).toEqual([
      '#/runs/0mf0a2b3c4d5e6f7g8h9',
      `${repositoryView.url}/pulls/1`,
      `${repositoryView.url}/commit/${head}`,
    ]);
    const described = tryAgain(2).getAttribute('aria-describedby') ?? '';
    expect(document.getElementById(described)?.textContent).toContain('Commit status of');
  });

  it('is neither shown to others nor asked for', async () => {
    const net = await openTab('', { ...routes, 'GET ': { body: repositoryView } }, 'Use fewer trees');
    expect(notice()).toBeNull();
    expect(net.sent.some(({ path }) => path.includes('outbox'))).toBe(false);
  });

  it('leaves no trace where there is nothing', async () => {
    const net = await openTab('', { ...routes, 'GET /outbox/parked': list() }, 'Use fewer trees');
    await until(() => net.sent.some(({ path }) => path.endsWith('/outbox/parked')));
    expect(notice()).toBeNull();
    expect(text()).not.toContain('delivered');
  });

  it('goes out once more: the button waits, the message goes, and it is said that it is on the way', async () => {
    let items = [parked()];
    let answer: (() => void) | undefined;
    await openTab(
      '',
      {
        ...routes,
        'GET /outbox/parked': () => list(...items),
        [`POST /outbox/${parked().id}/retry`]: async () => {
          await new Promise<void>((resolve) => {
            answer = resolve;
          });
          items = [];
          return { body: parked() };
        },
      },
      '1 message could not be delivered',
    );
    fireEvent.click(tryAgain());
    await until(() => answer !== undefined && tryAgain().getAttribute('aria-busy') === 'true');
    expect(tryAgain().disabled).toBe(true);
    answer!();
    await until(() => notice() === null, text);
    expect(text()).toContain(`Commit status of ${head.slice(0, 10)} is on the way again.`);
  });

  it('says in place why it could not be sent once more, and can be tried again', async () => {
    await openTab(
      '',
      {
        ...routes,
        'GET /outbox/parked': list(parked(), parked({ id: 'other', topic: 'report', pull: 1, commit: null })),
        [`POST /outbox/${parked().id}/retry`]: problem(
          503,
          'store-unavailable',
          'The database cannot be written.',
        ),
      },
      '2 messages could not be delivered',
    );
    fireEvent.click(tryAgain());
    await until(() => (rows()[0] ?? '').includes('The database cannot be written.'), text);
    expect(rows()[1]).not.toContain('The database');
    expect(tab().querySelector('.dbx-parked [role="alert"]')).not.toBeNull();
    expect(tryAgain().disabled).toBe(false);
  });

  it('that somebody else sent meanwhile is told as such', async () => {
    let items = [parked()];
    await openTab(
      '',
      {
        ...routes,
        'GET /outbox/parked': () => list(...items),
        [`POST /outbox/${parked().id}/retry`]: () => {
          items = [];
          return problem(404, 'not-found', 'This message does not wait here any more.');
        },
      },
      '1 message could not be delivered',
    );
    fireEvent.click(tryAgain());
    await until(() => notice() === null, text);
    expect(text()).not.toContain('on the way again');
    await until(() => text().includes('This message does not wait here any more.'), text);
  });

  it('does not lose the focus: it goes on to the next button, and at last to what became of the messages', async () => {
    let items = ['a', 'b', 'c', 'd'].map((id) => parked({ id }));
    const sends = (id: string) => () => {
      items = items.filter((item) => item.id !== id);
      return { body: parked({ id }) };
    };
    await openTab(
      '',
      {
        ...routes,
        'GET /outbox/parked': () => list(...items),
        ...Object.fromEntries(items.map(({ id }) => [`POST /outbox/${id}/retry`, sends(id)])),
      },
      '4 messages could not be delivered',
    );
    const focused = () => document.activeElement?.getAttribute('aria-describedby') ?? '';
    for (const [press, next] of [
      [1, 'c'],
      [2, 'c'],
      [1, 'a'],
    ] as const) {
      const left = rows().length - 1;
      tryAgain(press).focus();
      fireEvent.click(tryAgain(press));
      await until(() => rows().length === left && focused() === `dbx-parked-${next}`, text);
    }
    fireEvent.click(tryAgain());
    await until(() => notice() === null && document.activeElement !== document.body, text);
    expect(document.activeElement?.textContent).toContain('are on the way again.');
  });

  it('does not take the focus from whoever went on meanwhile', async () => {
    let items = [parked({ id: 'a' }), parked({ id: 'b' })];
    let answer: (() => void) | undefined;
    await openTab(
      '',
      {
        ...routes,
        'GET /outbox/parked': () => list(...items),
        'POST /outbox/a/retry': async () => {
          await new Promise<void>((resolve) => {
            answer = resolve;
          });
          items = items.slice(1);
          return { body: parked({ id: 'a' }) };
        },
      },
      '2 messages could not be delivered',
    );
    tryAgain().focus();
    fireEvent.click(tryAgain());
    await until(() => answer !== undefined, text);
    const link = tab().querySelector<HTMLElement>('.dbx-run-name a')!;
    link.focus();
    answer!();
    await until(() => rows().length === 1, text);
    await until(() => !tryAgain().disabled, text);
    expect(document.activeElement).toBe(link);
  });

  it('that was given up on once more is shown again, not as on the way', async () => {
    await openTab(
      '',
      {
        ...routes,
        'GET /outbox/parked': list(parked()),
        [`POST /outbox/${parked().id}/retry`]: { body: parked() },
      },
      '1 message could not be delivered',
    );
    fireEvent.click(tryAgain());
    await until(() => !tryAgain().disabled, text);
    expect(rows()).toHaveLength(1);
    expect(text()).not.toContain('on the way again');
  });

  it('is at most five at once; the others are counted', async () => {
    const items = Array.from({ length: 12 }, (_, position) => parked({ id: `m${position}` }));
    await openTab(
      '',
      { ...routes, 'GET /outbox/parked': list(...items) },
      '12 messages could not be delivered',
    );
    expect(rows()).toHaveLength(5);
    expect(notice()?.textContent).toContain('and 7 more');
  });

  it('is counted as it is where there are more than the API lists', async () => {
    const items = Array.from({ length: 50 }, (_, position) => parked({ id: `m${position}` }));
    await openTab(
      '',
      { ...routes, 'GET /outbox/parked': { body: { items, total: 1_234 } satisfies ParkedList } },
      '1,234 messages could not be delivered',
    );
    expect(notice()?.textContent).toContain('and 1,229 more');
  });

  it('shows what others wrote as text', async () => {
    const evil = '<img src=x onerror="alert(1)">';
    await openTab(
      '',
      { ...routes, 'GET /outbox/parked': list(parked({ reason: evil })) },
      'could not be delivered',
    );
    expect(notice()?.textContent).toContain(evil);
    expect(notice()?.querySelector('img')).toBeNull();
  });
});
