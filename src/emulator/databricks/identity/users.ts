import { randomInt } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bodyOf, optionalString, paramOf, queryOf } from '../body.ts';
import type { WorkspaceContext } from '../context.ts';
import { requireAccountAdmin } from './administrators.ts';

/** SCIM users, under the workspace's and the account's address: people, who sign in by an account-wide policy. */
export function registerUsers(app: FastifyInstance, context: WorkspaceContext): void {
  const { db, clock } = context;

  const render = (row: Record<string, unknown>) => ({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    id: String(row.id),
    userName: row.user_name,
    displayName: row.display_name,
    active: row.active === 1,
    emails: [{ value: row.user_name, type: 'work', primary: true }],
    groups: [],
    roles: [],
    entitlements: [],
  });
  const find = (id: string) => db.prepare('select * from identity_users where id = ?').get(id);

  function create(request: FastifyRequest, reply: FastifyReply) {
    requireAccountAdmin(context, request);
    const body = bodyOf(request);
    const userName = optionalString(body, 'userName');
    if (!userName?.includes('@')) return scimError(reply, 400, 'userName must be an e-mail address.');
    if (context.tokens.principalNamed(userName))
      return scimError(reply, 409, `User with username ${userName} already exists.`);
    const id = randomInt(1e12, 9e12);
    db.prepare('insert into identity_users values (?, ?, ?, ?, ?)').run(
      id,
      userName,
      optionalString(body, 'displayName') ?? userName,
      body.active === false ? 0 : 1,
      clock.now(),
    );
    return reply.code(201).send(render(find(String(id)) ?? {}));
  }

  function list(request: FastifyRequest, reply: FastifyReply) {
    context.authorize(request);
    const filter = optionalString(queryOf(request), 'filter');
    const name = /^userName +eq +"?([^"]*)"?$/i.exec(filter ?? '')?.[1];
    if (filter !== undefined && name === undefined)
      return scimError(reply, 400, 'filter must read: userName eq "…".');
    const rows = db.prepare('select * from identity_users order by id').all();
    const found = rows.filter((row) => name === undefined || row.user_name === name);
    return reply.send({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
      totalResults: found.length,
      startIndex: 1,
      itemsPerPage: found.length,
      Resources: found.map(render),
    });
  }

  function remove(request: FastifyRequest, reply: FastifyReply) {
    requireAccountAdmin(context, request);
    const row = find(paramOf(request, 'id'));
    if (!row) return scimError(reply, 404, `User with id ${paramOf(request, 'id')} not found.`);
    context.transaction(() => {
      db.prepare('delete from identity_tokens where principal = ?').run(row.user_name as string);
      db.prepare('delete from identity_users where id = ?').run(row.id as number);
    });
    return reply.code(204).send();
  }

  for (const base of ['/api/2.0/preview/scim/v2/Users', '/api/2.0/accounts/:account/scim/v2/Users']) {
    app.post(base, async (request, reply) => create(request, reply));
    app.get(base, async (request, reply) => list(request, reply));
    app.delete(`${base}/:id`, async (request, reply) => remove(request, reply));
  }
}

function scimError(reply: FastifyReply, status: number, detail: string) {
  return reply
    .code(status)
    .send({ schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], detail, status: String(status) });
}
