import { describe, expect, test } from 'vitest';
import { runStates } from '../../../src/server/training/transitions.ts';
import { aRun } from './a-run.ts';
import { openStore } from './open-store.ts';
import { databases } from './test-database.ts';

describe.each(databases)('on %s', (database) => {
  test('runs that stand still are those with neither a next look nor a message', async () => {
    const { db, stores } = await openStore(database);
    for (const [position, state] of runStates.entries()) {
      for (const kind of ['still', 'looked-at', 'sent', 'parked', 'waits']) {
        const id = `${state}-${kind}`;
        const at = kind === 'looked-at' ? '2026-01-01T00:00:00.000Z' : null;
        const number = position * 10 + ['still', 'looked-at', 'sent', 'parked', 'waits'].indexOf(kind);
        await db
          .insertInto('runs')
          .values({ ...aRun, id, number, token: id, state, next_check_at: at })
          .execute();
        if (kind === 'still' || kind === 'looked-at') continue;
        const message = { topic: 'upload', key: `run:${id}`, payload: { repository: 1, run: id } } as const;
        await stores.outbox.enqueue(message);
        const row = (await stores.outbox.due('2100-01-01T00:00:00.000Z', 200)).find(
          (item) => item.key === message.key,
        )!;
        if (kind === 'sent') await stores.outbox.done(row.id, '2026-01-01T00:00:00.000Z');
        if (kind === 'parked') await stores.outbox.park(row.id, '2026-01-01T00:00:00.000Z', 'refused');
      }
    }
    const found = (await stores.runs.unattended(100)).map(({ id }) => id);
    const byOutbox = ['queued', 'uploading'].flatMap((state) => [
      `${state}-looked-at`,
      `${state}-sent`,
      `${state}-still`,
    ]);
    const byWatcher = ['submitted', 'running', 'evaluating'].flatMap((state) =>
      ['parked', 'sent', 'still', 'waits'].map((kind) => `${state}-${kind}`),
    );
    expect(found.sort()).toEqual([...byOutbox, ...byWatcher].sort());
    expect(await stores.runs.unattended(3)).toHaveLength(3);
  });
});
