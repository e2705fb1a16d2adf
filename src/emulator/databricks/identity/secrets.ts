import { randomBytes, randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { bodyOf, optionalString, paramOf } from '../body.ts';
import type { WorkspaceContext } from '../context.ts';
import { ApiError, invalid } from '../errors.ts';
import { requireAccountAdmin } from './administrators.ts';
import { digest } from './tokens.ts';

const maxSecrets = 5;
const longestLifeSeconds = 730 * 24 * 3600;

/** OAuth secrets of service principals (M2M); the secret is shown once and kept as a digest. */
export function registerSecrets(app: FastifyInstance, context: WorkspaceContext): void {
  const { db, clock } = context;

  const render = (row: Record<string, unknown>) => ({
    id: row.id,
    secret_hash: row.hash,
    status: 'ACTIVE',
    create_time: new Date(row.created_at as number).toISOString(),
    update_time: new Date(row.created_at as number).toISOString(),
    expire_time: new Date(row.expires_at as number).toISOString(),
  });

  function principalExists(id: string): void {
    if (!db.prepare('select 1 from identity_principals where id = ?').get(id))
      throw new ApiError('RESOURCE_DOES_NOT_EXIST', `Service principal with id ${id} does not exist.`);
  }

  for (const base of [
    '/api/2.0/accounts/:account/servicePrincipals/:id/credentials/secrets',
    '/api/2.0/accounts/servicePrincipals/:id/credentials/secrets',
  ]) {
    app.post(base, async (request) => {
      requireAccountAdmin(context, request);
      const id = paramOf(request, 'id');
      principalExists(id);
      const existing = db
        .prepare('select count(*) as n from identity_secrets where principal_id = ?')
        .get(id);
      if ((existing?.n as number) >= maxSecrets)
        throw invalid(`A service principal can have at most ${maxSecrets} OAuth secrets; delete one first.`);
      const lifetime = optionalString(bodyOf(request), 'lifetime') ?? `${longestLifeSeconds}s`;
      const seconds = Number(/^(\d+)s$/.exec(lifetime)?.[1]);
      if (!(seconds > 0 && seconds <= longestLifeSeconds))
        throw invalid(`lifetime must be seconds with an s, at most ${longestLifeSeconds}s.`);
      const secret = `dose${randomBytes(20).toString('hex')}`;
      const now = clock.now();
      const row = {
        id: randomUUID(),
        hash: digest(secret),
        created_at: now,
        expires_at: now + seconds * 1000,
      };
      db.prepare('insert into identity_secrets values (?, ?, ?, ?, ?)').run(
        row.id,
        id,
        row.hash,
        row.created_at,
        row.expires_at,
      );
      return { ...render(row), secret };
    });

    app.get(base, async (request) => {
      requireAccountAdmin(context, request);
      principalExists(paramOf(request, 'id'));
      const rows = db
        .prepare('select * from identity_secrets where principal_id = ? order by created_at')
        .all(paramOf(request, 'id'));
      return { secrets: rows.map(render) };
    });

    app.delete(`${base}/:secret`, async (request, reply) => {
      requireAccountAdmin(context, request);
      const { changes } = db
        .prepare('delete from identity_secrets where principal_id = ? and id = ?')
        .run(paramOf(request, 'id'), paramOf(request, 'secret'));
      if (changes === 0)
        throw new ApiError('RESOURCE_DOES_NOT_EXIST', `Secret ${paramOf(request, 'secret')} does not exist.`);
      return reply.code(204).send();
    });
  }
}
