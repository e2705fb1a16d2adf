import type { FastifyInstance } from 'fastify';
import { bodyOf, optionalInteger, optionalString, requiredString } from '../body.ts';
import type { WorkspaceContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { digest } from './tokens.ts';

/** Personal access tokens (`/api/2.0/token`) of the caller. A token's id is the digest under which it is kept. */
export function registerAccessTokens(app: FastifyInstance, context: WorkspaceContext): void {
  const { db, clock, tokens } = context;

  const render = (row: Record<string, unknown>) => ({
    token_id: row.hash,
    comment: row.comment,
    creation_time: row.created_at,
    expiry_time: row.expires_at ?? -1,
  });
  const own =
    "select hash, comment, created_at, expires_at from identity_tokens where kind = 'pat' and principal = ?";

  app.post('/api/2.0/token/create', async (request) => {
    const principal = context.authorize(request);
    const body = bodyOf(request);
    const seconds = optionalInteger(body, 'lifetime_seconds');
    const token = tokens.issue(principal.name, 'pat', {
      comment: optionalString(body, 'comment') ?? '',
      ...(seconds !== undefined && seconds > 0 && { expiresAt: clock.now() + seconds * 1000 }),
    });
    const row = db.prepare(`${own} and hash = ?`).get(principal.name, digest(token));
    return { token_value: token, token_info: render(row ?? {}) };
  });

  app.get('/api/2.0/token/list', async (request) => {
    const principal = context.authorize(request);
    return { token_infos: db.prepare(`${own} order by created_at`).all(principal.name).map(render) };
  });

  app.post('/api/2.0/token/delete', async (request) => {
    const principal = context.authorize(request);
    const id = requiredString(bodyOf(request), 'token_id');
    const { changes } = db
      .prepare("delete from identity_tokens where kind = 'pat' and principal = ? and hash = ?")
      .run(principal.name, id);
    if (changes === 0) throw new ApiError('RESOURCE_DOES_NOT_EXIST', `Token with id ${id} does not exist.`);
    return {};
  });
}
