import { expect, test } from 'vitest';
import type { MissedCommandsOptions } from '../../../src/server/command/missed-commands.ts';
import { MissedCommands } from '../../../src/server/command/missed-commands.ts';
import { StoreUnavailable } from '../../../src/server/duty/interruption.ts';
import type { Look } from '../../../src/server/training/look.ts';

const now = new Date('2026-01-05T08:10:00.000Z');

/** Comments with commands, written five minutes ago, and what was carried out. */
function scene(handle: (comment: number) => void) {
  const handled: number[] = [];
  const options: MissedCommandsOptions = {
    transactor: {
      stores: { commands: { find: async () => null }, deliveries: { known: async () => false } },
    } as unknown as MissedCommandsOptions['transactor'],
    comments: { ownId: async () => 1 },
    async handle({ comment }) {
      handle(comment);
      handled.push(comment);
      return 'done';
    },
    tooLate: async () => 'too late',
    log: { info() {} },
  };
  const writtenAt = '2026-01-05T08:05:00.000Z';
  const comments = [1, 2, 3].map((id) => ({
    id,
    pull: 7,
    author: 2,
    body: '/databricks train',
    createdAt: writtenAt,
    updatedAt: writtenAt,
  }));
  const look = { repository: { id: 8 }, head: null, open: [], comments, changed: true, now };
  return { handled, check: async () => await new MissedCommands(options).check(look as unknown as Look) };
}

test('a command that cannot be carried out keeps no later one waiting, and is reported as failed', async () => {
  const broken = new Error('a fault of ours');
  const { handled, check } = scene((comment) => {
    if (comment === 1) throw broken;
  });
  await expect(check()).rejects.toBe(broken);
  expect(handled).toEqual([2, 3]);
});

test('after one that the store could not keep no further one is tried', async () => {
  let tried = 0;
  const { handled, check } = scene(() => {
    tried += 1;
    throw new StoreUnavailable('its disk is full', { cause: null });
  });
  await expect(check()).rejects.toThrow(StoreUnavailable);
  expect([tried, handled]).toEqual([1, []]);
});
