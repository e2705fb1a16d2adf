import { Type } from 'typebox';
import type { ParkedMessage as ParkedMessageType } from '../../../contract/outbox.ts';
import { ParkedList, ParkedMessage } from '../../../contract/outbox.ts';
import type { ParkedMessages } from '../../outbox/parked-messages.ts';
import { aboutOf } from '../../outbox/parked-messages.ts';
import type { ParkedMessage as Parked } from '../../outbox/ports.ts';
import type { RunStore } from '../../training/ports.ts';
import type { App } from '../application.ts';
import { ProblemError } from '../problem.ts';

export interface OutboxRouteServices {
  parked: ParkedMessages;
  runs: Pick<RunStore, 'find'>;
}

const most = 50;

/** `repositories/{id}/outbox`: what could not be delivered, and once more, for administrators of the repository. */
export function outboxRoutes(app: App, { parked, runs }: OutboxRouteServices): void {
  async function shown(repository: number, message: Parked): Promise<ParkedMessageType> {
    const { id, topic, reason, attempts, createdAt, parkedAt } = message;
    const { commit, pull, run } = aboutOf(message);
    const found = run === null ? null : await runs.find(repository, run);
    return {
      id,
      topic,
      commit: commit ?? found?.commit ?? null,
      pull,
      run: found && { id: found.id, number: found.number },
      reason,
      attempts,
      createdAt,
      parkedAt,
    };
  }

  app.get(
    '/repositories/:repository/outbox/parked',
    {
      schema: {
        summary: 'Messages that could not be delivered',
        params: Type.Object({ repository: Type.Integer() }),
        response: { 200: ParkedList },
      },
    },
    async ({ access }) => {
      const { id } = access.repository;
      const messages = await parked.list([id], most);
      return {
        items: await Promise.all(messages.map((message) => shown(id, message))),
        total: await parked.count(id),
      };
    },
  );

  app.post(
    '/repositories/:repository/outbox/:message/retry',
    {
      schema: {
        summary: 'Send a message once more',
        params: Type.Object({ repository: Type.Integer(), message: Type.String({ maxLength: 100 }) }),
        response: { 200: ParkedMessage },
      },
    },
    async ({ access, params, id: requestId }) => {
      const { user, repository } = access;
      const actor = { kind: 'person', id: user.id, name: user.name } as const;
      const message = await parked.retry(params.message, [repository.id], { actor, requestId });
      if (message) return await shown(repository.id, message);
      throw new ProblemError(
        'not-found',
        'This message does not wait here any more: it is on its way, or a newer one took its place.',
      );
    },
  );
}
