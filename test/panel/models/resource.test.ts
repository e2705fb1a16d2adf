import { describe, expect, it } from 'vitest';
import { Resource } from '../../../src/panel/models/resource.ts';

function deferred<T>() {
  const waiting: { resolve: (value: T) => void; reject: (error: Error) => void }[] = [];
  const load = () => new Promise<T>((resolve, reject) => waiting.push({ resolve, reject }));
  return { load, waiting };
}

describe('a resource', () => {
  it('makes one more request for any number of changes while one is on its way', async () => {
    const { load, waiting } = deferred<number>();
    const resource = new Resource(load, new AbortController().signal);
    const all = [resource.refresh(), resource.refresh(), resource.refresh()];
    expect(waiting).toHaveLength(1);
    waiting[0]?.resolve(1);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(waiting).toHaveLength(2);
    waiting[1]?.resolve(2);
    await Promise.all(all);
    expect(resource.data.value).toBe(2);
    expect(waiting).toHaveLength(2);
  });

  it('keeps its data when a newer attempt fails, and says why', async () => {
    const { load, waiting } = deferred<number>();
    const resource = new Resource(load, new AbortController().signal);
    const first = resource.refresh();
    waiting[0]?.resolve(1);
    await first;
    const second = resource.refresh();
    waiting[1]?.reject(new Error('gone'));
    await second;
    expect(resource.data.value).toBe(1);
    expect(resource.problem.value?.message).toContain('gone');
    expect(resource.loading.value).toBe(false);
  });

  it('changes nothing after the page ended', async () => {
    const { load, waiting } = deferred<number>();
    const abort = new AbortController();
    const resource = new Resource(load, abort.signal);
    const first = resource.refresh();
    abort.abort();
    waiting[0]?.resolve(1);
    await first;
    expect(resource.data.value).toBeNull();
  });
});
