import type { FastifyInstance } from 'fastify';
import { bodyOf, paramOf } from '../body.ts';
import type { WorkspaceContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { requireAdmin } from '../identity/administrators.ts';
import { faultPage } from './fault-pages.ts';
import type { FaultRegistry } from './fault-registry.ts';
import { parseFault, renderFault } from './parse-fault.ts';

/**
 * The control of faults, for tests: `POST|GET|DELETE /test/faults`, `DELETE /test/faults/{id}`, as the admin. Only a
 * workspace that was created with `faultControl` has it. Where faults redirect to the sign-in page there is one.
 */
export function registerFaultRoutes(
  app: FastifyInstance,
  context: WorkspaceContext,
  faults: FaultRegistry,
): void {
  app.post('/test/faults', async (request) => {
    requireAdmin(context, request);
    return { id: faults.add(parseFault(bodyOf(request))) };
  });
  app.get('/test/faults', async (request) => {
    requireAdmin(context, request);
    return {
      faults: faults.list().map(({ id, fault, happened }) => ({ id, happened, ...renderFault(fault) })),
    };
  });
  app.delete('/test/faults', async (request) => {
    requireAdmin(context, request);
    faults.clear();
    return {};
  });
  app.delete('/test/faults/:id', async (request) => {
    requireAdmin(context, request);
    const id = paramOf(request, 'id');
    if (!faults.remove(Number(id))) throw new ApiError('RESOURCE_DOES_NOT_EXIST', `There is no fault ${id}.`);
    return {};
  });
  app.get('/login.html', async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(faultPage('login', 200)),
  );
}
