import { ParkedMessages, subjectOf } from '../server/outbox/parked-messages.ts';
import type { Command } from './command.ts';
import { UsageError } from './command.ts';
import type { OpenStore } from './open-store.ts';
import { withStore } from './open-store.ts';

const most = 10_000;
const actor = { kind: 'system', name: 'command line' } as const;

/** A running backend looks for itself within a minute. */
const parkedOf = ({ transactor }: OpenStore) => new ParkedMessages({ transactor, wake: () => {} });

/** `outbox list`: what was given up on, of all repositories. */
export const outboxList: Command = {
  name: 'outbox list',
  summary: 'List the messages to Gitea and Databricks that were given up on',
  options: {},
  usesConfiguration: true,
  run: ({ config }, { out }) =>
    withStore(config, async (store) => {
      const messages = await parkedOf(store).list('all', most);
      for (const message of messages) {
        const { id, parkedAt, payload, attempts, reason } = message;
        const repository = await store.transactor.stores.repositories.find(payload.repository);
        const where = repository?.fullName ?? `repository ${payload.repository}`;
        out(`${id}  ${parkedAt}  ${where}: ${subjectOf(message)}, after ${attempts} attempts: ${reason}`);
      }
      if (messages.length === 0) out('Nothing was given up on.');
      return 0;
    }),
};

/** `outbox retry`: sends one of them, or all, once more. */
export const outboxRetry: Command = {
  name: 'outbox retry',
  summary: 'Send a message that was given up on once more',
  options: {
    id: { type: 'string', value: 'ID', summary: 'the message, as "outbox list" names it' },
    all: { type: 'boolean', summary: 'all of them' },
  },
  usesConfiguration: true,
  run({ config, options }, { out, err }) {
    if ((options.id === undefined) === (options.all !== true)) {
      throw new UsageError('Say which: --id ID, or --all.');
    }
    return withStore(config, async (store) => {
      const parked = parkedOf(store);
      const ids =
        options.id === undefined
          ? (await parked.list('all', most)).map(({ id }) => id)
          : [String(options.id)];
      let failed = 0;
      for (const id of ids) {
        const message = await parked.retry(id, 'all', { actor });
        if (message) out(`${id}  ${subjectOf(message)} goes out within a minute.`);
        else {
          err(`${id} does not wait any more: it is on its way, or a newer message took its place.`);
          failed += 1;
        }
      }
      if (ids.length === 0) out('Nothing was given up on.');
      return failed === 0 ? 0 : 1;
    });
  },
};
