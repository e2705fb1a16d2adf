import type { FastifyRequest } from 'fastify';
import type { Asking } from '../../registry/requester.ts';

/** Who asks, as the registry and its audit entries name them. */
export function requesterOf({ access, id }: FastifyRequest): Asking {
  const { user } = access;
  return {
    person: user,
    inPerson: true,
    actor: { kind: 'person', id: user.id, name: user.name },
    requestId: id,
  };
}
