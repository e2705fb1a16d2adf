import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { features } from '../../src/panel/features/registry.ts';
import { startPanel } from '../../src/panel/loader.ts';
import type { PageContext } from '../../src/panel/page/context.ts';
import type { Feature } from '../../src/panel/page/feature.ts';
import { network, until } from './page.ts';

const rooms = Object.keys(import.meta.glob('../../src/panel/features/*/index.tsx')).map((path) =>
  path.split('/').at(-2),
);

function page(attributes: string): void {
  document.body.innerHTML = `<div id="databricks-context" hidden ${attributes}></div>`;
}

const pull =
  'data-base="/-/databricks/" data-page="pull-files" data-repository="7" data-pull="3" data-user="2"';

function feature(start: (page: PageContext, signal: AbortSignal) => void, id = 'one'): Feature {
  return { id, pages: ['pull-files'], permission: 'view', load: async () => start };
}

let warned: unknown[][];
let escaped: unknown[];
const note = (event: Event) => escaped.push(event);

beforeEach(() => {
  warned = [];
  escaped = [];
  vi.spyOn(console, 'warn').mockImplementation((...words) => {
    warned.push(words);
  });
  window.addEventListener('error', note);
  window.addEventListener('unhandledrejection', note);
});

afterEach(() => {
  window.removeEventListener('error', note);
  window.removeEventListener('unhandledrejection', note);
  vi.restoreAllMocks();
});

describe('the loader', () => {
  it('does nothing and asks nothing on a page without the context', async () => {
    const net = network({});
    document.body.innerHTML = '<div class="issue-content-left"><div class="timeline-item"></div></div>';
    const before = document.body.innerHTML;
    startPanel(document, window);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(document.body.innerHTML).toBe(before);
    expect(net.sent).toEqual([]);
  });

  it.each([
    ['no known page', 'data-page="wiki" data-repository="7"'],
    ['no repository', 'data-page="code"'],
    ['a repository that is no number', 'data-page="code" data-repository="7;alert(1)"'],
    ['a pull request page without a pull request', 'data-page="pull-files" data-repository="7"'],
  ])('starts nothing for a context with %s', async (_case, attributes) => {
    const started = vi.fn();
    page(attributes);
    startPanel(document, window, [{ ...feature(started), pages: ['code', 'pull-files'] }]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(started).not.toHaveBeenCalled();
  });

  it('starts the features of this page only', async () => {
    const started: string[] = [];
    page(pull);
    startPanel(document, window, [
      { ...feature(() => started.push('code'), 'code'), pages: ['code'] },
      feature((here) => started.push(`${here.kind} ${here.pull} ${here.user}`)),
    ]);
    await until(() => started.length > 0);
    expect(started).toEqual(['pull-files 3 2']);
  });

  it('lets no error out, and none keep another feature from starting', async () => {
    const started: string[] = [];
    page(pull);
    startPanel(document, window, [
      { ...feature(() => {}, 'unloadable'), load: async () => Promise.reject(new Error('no such chunk')) },
      feature(() => {
        throw new Error('broken');
      }, 'broken'),
      feature(() => started.push('fine'), 'fine'),
    ]);
    await until(() => started.length > 0);
    expect(warned.map((words) => words[0])).toEqual([
      'gitea-databricks: unloadable did not start',
      'gitea-databricks: broken did not start',
    ]);
    expect(escaped).toEqual([]);
  });

  it('survives a context that cannot be read', () => {
    page(`${pull.replace('/-/databricks/', 'http://[')}`);
    startPanel(document, window, [feature(() => {})]);
    expect(warned[0]?.[0]).toBe('gitea-databricks: context did not start');
  });

  it('ends what it started when the page goes, and starts afresh when it comes back', async () => {
    const signals: AbortSignal[] = [];
    page(pull);
    startPanel(document, window, [feature((_page, signal) => signals.push(signal))]);
    await until(() => signals.length === 1);
    window.dispatchEvent(new Event('pagehide'));
    expect(signals[0]?.aborted).toBe(true);
    window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
    await until(() => signals.length === 2);
    expect(signals[1]?.aborted).toBe(false);
  });
});

describe('the registry', () => {
  it('lists every room under features/ once', () => {
    expect(features.map(({ id }) => id).sort()).toEqual(rooms.sort());
  });

  it('gives a page at most one feature, since each opens its own stream', () => {
    const pages = features.flatMap((one) => one.pages);
    expect(new Set(pages).size).toBe(pages.length);
  });

  it.each(features.map((one) => [one.id, one] as const))('loads %s', async (_id, one) => {
    expect(await one.load()).toBeTypeOf('function');
  });
});
