import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChangeEvent } from '../../../src/contract/event.ts';
import type { StreamMessage } from '../../../src/panel/live/event-stream.ts';
import { openStream, pauseBefore, readChange } from '../../../src/panel/live/event-stream.ts';
import { Live } from '../../../src/panel/live/live.ts';
import { shareStream } from '../../../src/panel/live/shared-stream.ts';
import { pageContext, until } from '../page.ts';

const change: ChangeEvent = { repository: 7, kind: 'run', id: 'r', pulls: [3], version: 1 };

class FakeSource {
  static all: FakeSource[] = [];
  onopen: () => void = () => {};
  onmessage: (message: { data: string }) => void = () => {};
  onerror: () => void = () => {};
  closed = false;
  readonly url: string;
  constructor(url: string) {
    this.url = url;
    FakeSource.all.push(this);
  }
  close() {
    this.closed = true;
  }
}

/** Web Locks and BroadcastChannel between "tabs" of this test, in memory. */
function browser() {
  const queue: (() => void)[] = [];
  let held = false;
  const channels: FakeChannel[] = [];
  class FakeChannel {
    onmessage: ((event: { data: unknown }) => void) | null = null;
    readonly name: string;
    constructor(name: string) {
      this.name = name;
      channels.push(this);
    }
    postMessage(data: unknown) {
      for (const other of channels)
        if (other !== this && other.name === this.name) other.onmessage?.({ data });
    }
    close() {
      channels.splice(channels.indexOf(this), 1);
    }
  }
  const request = async (_key: string, options: { signal: AbortSignal }, work: () => Promise<void>) => {
    if (held) await new Promise<void>((resolve) => queue.push(resolve));
    if (options.signal.aborted) throw options.signal.reason;
    held = true;
    await work();
    held = false;
    queue.shift()?.();
  };
  vi.stubGlobal('BroadcastChannel', FakeChannel);
  Object.defineProperty(navigator, 'locks', { value: { request }, configurable: true });
}

beforeEach(() => {
  FakeSource.all = [];
  vi.stubGlobal('EventSource', FakeSource);
  vi.stubGlobal('BroadcastChannel', undefined);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  Reflect.deleteProperty(navigator, 'locks');
});

describe('a stream', () => {
  it('comes back after an interruption, renews the session first and tells that it may have missed something', async () => {
    vi.useFakeTimers();
    const heard: StreamMessage[] = [];
    const order: string[] = [];
    openStream(
      'https://x/events',
      (message) => heard.push(message),
      async () => order.push('renewed'),
    );
    FakeSource.all[0]?.onopen();
    FakeSource.all[0]?.onerror();
    expect(FakeSource.all[0]?.closed).toBe(true);
    expect(FakeSource.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(order).toEqual(['renewed']);
    FakeSource.all[1]?.onopen();
    expect(
      heard.map((message) => (message.kind === 'connection' ? message.connection : message.kind)),
    ).toEqual(['open', 'down', 'open', 'missed']);
  });

  it('does not come back when it was closed', async () => {
    vi.useFakeTimers();
    const close = openStream(
      'https://x/events',
      () => {},
      async () => {},
    );
    FakeSource.all[0]?.onerror();
    close();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(FakeSource.all).toHaveLength(1);
  });

  it('pauses longer each time, never above a minute, and not all at once', () => {
    expect([0, 1, 5, 30].map((n) => pauseBefore(n, () => 1))).toEqual([1_000, 2_000, 32_000, 60_000]);
    expect(pauseBefore(3, () => 0)).toBe(4_000);
  });

  it.each(['', 'null', '{}', '{"repository":"7","pulls":[]}', '<html>'])('hears nothing in %j', (data) => {
    expect(readChange(data)).toBeNull();
  });
});

describe('live changes', () => {
  it('reach those whom they concern', () => {
    const abort = new AbortController();
    const live = new Live(pageContext(), { silently: async () => 'signed-in' }, abort.signal);
    const heard: string[] = [];
    live.listen(
      (event) => event.pulls.includes(3),
      () => heard.push('three'),
      abort.signal,
    );
    live.listen(
      (event) => event.pulls.includes(4),
      () => heard.push('four'),
      abort.signal,
    );
    expect(FakeSource.all.map(({ url }) => url)).toEqual([
      'https://git.example.com/-/databricks/api/v1/events?repositories=7&user=2',
    ]);
    FakeSource.all[0]?.onmessage({ data: JSON.stringify(change) });
    FakeSource.all[0]?.onmessage({ data: JSON.stringify({ ...change, repository: 8 }) });
    expect(heard).toEqual(['three']);
    abort.abort();
    expect(FakeSource.all[0]?.closed).toBe(true);
  });

  it('are not asked for when nobody is signed in', () => {
    const abort = new AbortController();
    new Live(pageContext({ user: null }), { silently: async () => 'signed-out' }, abort.signal).listen(
      () => true,
      () => {},
      abort.signal,
    );
    expect(FakeSource.all).toEqual([]);
  });
});

describe('the tabs of a browser', () => {
  function tab(repository: number, key = 'k') {
    const abort = new AbortController();
    const heard: StreamMessage[] = [];
    const open = (repositories: readonly number[], tell: (message: StreamMessage) => void) =>
      openStream(`events?${repositories.join(',')}`, tell, async () => {});
    shareStream({ key, repository, open, heard: (message) => heard.push(message), signal: abort.signal });
    return { abort, heard };
  }
  const open = () => FakeSource.all.filter((source) => !source.closed).map(({ url }) => url);

  it('share one stream, and it covers what each of them shows', async () => {
    browser();
    const first = tab(7);
    await until(() => open().length === 1);
    const second = tab(7);
    const third = tab(9);
    await until(() => open()[0] === 'events?7,9');
    expect(open()).toHaveLength(1);
    FakeSource.all.at(-1)?.onmessage({ data: JSON.stringify(change) });
    for (const one of [first, second, third])
      expect(one.heard.at(-1)).toEqual({ kind: 'change', event: change });
  });

  it('go on when the one that held the stream closes, and know that something may have passed', async () => {
    browser();
    const first = tab(7);
    await until(() => open().length === 1);
    const second = tab(7);
    const third = tab(9);
    await until(() => open()[0] === 'events?7,9');
    first.abort.abort();
    await until(
      () => open().length === 1 && open()[0]?.includes('9') === true && open()[0]?.includes('7') === true,
    );
    expect(second.heard).toContainEqual({ kind: 'missed' });
    expect(third.heard).toContainEqual({ kind: 'missed' });
  });

  it('of two users never share', async () => {
    browser();
    const one = tab(7, 'user 1');
    tab(7, 'user 2');
    await until(() => open().length >= 1);
    FakeSource.all[0]?.onmessage({ data: JSON.stringify(change) });
    expect(one.heard.filter(({ kind }) => kind === 'change')).toHaveLength(1);
  });

  it('each have their own where the browser cannot share', () => {
    tab(7);
    tab(7);
    expect(open()).toEqual(['events?7', 'events?7']);
  });
});
