import { expect, test } from 'vitest';
import type { OpenPull } from '../../../src/server/gitea/forge.ts';
import type { BoundRepository } from '../../../src/server/permission/bound-repository.ts';
import { ReportCheck } from '../../../src/server/report/report-check.ts';
import { bounds } from '../../../src/server/training/look.ts';
import { openStore } from '../store/open-store.ts';

test('every pull request has its turn, also while the comments of many others cannot be put in order', async () => {
  const { transactor, stores } = await openStore('SQLite');
  const repository = { id: 7 } as BoundRepository;
  const stuck = bounds.reports + 5;
  const open = Array.from({ length: 3 * bounds.reports }, (_, position): OpenPull => {
    const index = position + 1;
    const branch = { repository: 7, branch: `b${index}`, sha: String(index).padStart(40, '0') };
    return { index, updatedAt: '2026-01-05T08:00:00Z', comments: 1, head: branch } as unknown as OpenPull;
  });
  for (const { index } of open)
    await stores.reports.remember(7, index, { commentId: 100 + index, bodyDigest: 'd' });
  // The reports of the first ones were given up on: until an administrator comes they stay as they are.
  for (const { index } of open.slice(0, stuck)) {
    const key = `report:7:${index}`;
    await stores.outbox.enqueue({ topic: 'report', key, payload: { repository: 7, pull: index } });
  }
  for (const { id } of await stores.outbox.due('9999', 200)) await stores.outbox.park(id, '2026', 'refused');

  const asked: number[] = [];
  const check = new ReportCheck({
    transactor,
    // Somebody removed all comments.
    target: {
      status: async () => null,
      ownId: async () => 1,
      comments: async (_, pull) => {
        asked.push(pull);
        return [];
      },
    },
    wake: () => {},
    log: { info() {} },
  });
  const look = { repository, head: null, open, comments: [], changed: false };
  for (let minutes = 0; minutes < 3; minutes += 1) {
    const before = asked.length;
    await check.check({ ...look, now: new Date(Date.UTC(2026, 0, 5, 9, minutes)) });
    expect(asked.length - before).toBe(bounds.reports);
  }
  const again = (await stores.outbox.due('9999', 200)).map(({ payload }) => payload.pull);
  expect(again).toEqual(open.slice(stuck).map(({ index }) => index));
  expect(new Set(asked).size).toBe(open.length);
});
