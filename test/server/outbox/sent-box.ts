import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Send } from '../../../src/server/outbox/attempt.ts';
import type { OutboxOptions } from '../../../src/server/outbox/outbox.ts';
import { Outbox } from '../../../src/server/outbox/outbox.ts';
import type { OutboxTopic } from '../../../src/server/outbox/ports.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import { createStores } from '../../../src/server/store/stores.ts';
import { createTransactor } from '../../../src/server/store/transactor.ts';
import { SimulatedClock } from '../../faults/simulated-clock.ts';

/** Lets promises, and the statements of a database in memory, come to rest. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await nextTurn();
}

export type SentBox = Awaited<ReturnType<typeof openBox>>;

/** An outbox over a database in memory, on a clock that tests move. One handler serves all topics. */
export async function openBox(send: Send, options: Partial<OutboxOptions> = {}) {
  const db = await openDatabase(':memory:');
  const clock = new SimulatedClock();
  const transactor = createTransactor(db, (connection) => createStores(connection, clock.now));
  const handlers: OutboxOptions['handlers'] = {
    status: send,
    report: send,
    reaction: send,
    upload: send,
    submit: send,
    cancel: send,
    promote: send,
  };
  const log = { warn() {}, error() {} };
  const create = (more: Partial<OutboxOptions> = {}) =>
    new Outbox({
      transactor,
      handlers,
      workspaceOf: async () => 'main',
      clock,
      log,
      random: () => 0.5,
      ...options,
      ...more,
    });
  return {
    db,
    clock,
    transactor,
    outbox: transactor.stores.outbox,
    create,
    async enqueue(topic: OutboxTopic, key: string, value: number, repository = 1): Promise<void> {
      await transactor.transaction(
        async ({ outbox }) => await outbox.enqueue({ topic, key, payload: { repository, value } }),
      );
    },
    /** Key, state, attempts, refusals and value of each row, oldest first. */
    async rows() {
      const rows = await db
        .selectFrom('outbox')
        .select(['key', 'state', 'attempts', 'refusals', 'payload'])
        .orderBy('id')
        .execute();
      return rows.map(({ payload, ...row }) => ({ ...row, value: JSON.parse(payload).value as number }));
    },
    pass: (milliseconds: number) => clock.pass(milliseconds, settled),
    close: () => db.destroy(),
  };
}
