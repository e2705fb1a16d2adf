import { randomInt, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Json } from '../body.ts';
import { bodyOf, isObject, optionalInteger, optionalString, paramOf, queryOf } from '../body.ts';
import type { Principal, WorkspaceContext } from '../context.ts';
import { requireAccountAdmin } from './administrators.ts';

const schema = 'urn:ietf:params:scim:schemas:core:2.0:ServicePrincipal';

/** SCIM service principals, under the workspace's and the account's address, and `Me`. */
export function registerServicePrincipals(app: FastifyInstance, context: WorkspaceContext): void {
  const { db } = context;

  const render = (row: Record<string, unknown>) => ({
    schemas: [schema],
    id: String(row.id),
    applicationId: row.application_id,
    displayName: row.display_name,
    active: row.active === 1,
    groups: [],
    roles: [],
    entitlements: [{ value: 'workspace-access' }],
  });
  const find = (id: string) => db.prepare('select * from identity_principals where id = ?').get(id);

  function create(request: FastifyRequest, reply: FastifyReply) {
    requireAccountAdmin(context, request);
    const body = bodyOf(request);
    const displayName = optionalString(body, 'displayName');
    if (!displayName) return scimError(reply, 400, 'displayName is required.');
    const applicationId = optionalString(body, 'applicationId') ?? randomUUID();
    if (db.prepare('select 1 from identity_principals where application_id = ?').get(applicationId))
      return scimError(reply, 409, `Service principal with application ID ${applicationId} already exists.`);
    const id = randomInt(1e12, 9e12);
    const active = body.active === false ? 0 : 1;
    db.prepare('insert into identity_principals values (?, ?, ?, ?, ?)').run(
      id,
      applicationId,
      displayName,
      active,
      context.clock.now(),
    );
    return reply.code(201).send(render(find(String(id)) ?? {}));
  }

  function list(request: FastifyRequest, reply: FastifyReply) {
    context.authorize(request);
    const query = queryOf(request);
    // SCIM pages count from 1; databricks-sdk asks on until a page is empty.
    const startIndex = Math.max(1, optionalInteger(query, 'startIndex') ?? 1);
    const count = optionalInteger(query, 'count') ?? 100;
    const filter = optionalString(query, 'filter');
    const parsed = /^(displayName|applicationId) +eq +"?([^"]*)"?$/i.exec(filter ?? '');
    if (filter !== undefined && !parsed)
      return scimError(reply, 400, 'filter must read: displayName eq "…" or applicationId eq "…".');
    const field = parsed?.[1]?.toLowerCase() === 'displayname' ? 'display_name' : 'application_id';
    const rows = parsed
      ? db.prepare(`select * from identity_principals where ${field} = ? order by id`).all(parsed[2] ?? '')
      : db.prepare('select * from identity_principals order by id').all();
    const page = rows.slice(startIndex - 1, startIndex - 1 + Math.max(0, count));
    return reply.send({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
      totalResults: rows.length,
      startIndex,
      itemsPerPage: page.length,
      Resources: page.map(render),
    });
  }

  function get(request: FastifyRequest, reply: FastifyReply) {
    context.authorize(request);
    const row = find(paramOf(request, 'id'));
    if (!row) return missing(reply, paramOf(request, 'id'));
    return reply.send(render(row));
  }

  function patch(request: FastifyRequest, reply: FastifyReply) {
    requireAccountAdmin(context, request);
    const id = paramOf(request, 'id');
    if (!find(id)) return missing(reply, id);
    const operations = bodyOf(request).Operations;
    for (const operation of Array.isArray(operations) ? operations : []) {
      if (!isObject(operation) || String(operation.op).toLowerCase() !== 'replace') continue;
      change(id, isObject(operation.value) ? operation.value : { [String(operation.path)]: operation.value });
    }
    return reply.send(render(find(id) ?? {}));
  }

  function put(request: FastifyRequest, reply: FastifyReply) {
    requireAccountAdmin(context, request);
    const id = paramOf(request, 'id');
    const before = find(id);
    if (!before) return missing(reply, id);
    const body = bodyOf(request);
    if (body.applicationId !== undefined && body.applicationId !== before.application_id)
      return scimError(reply, 400, 'applicationId cannot be changed.');
    change(id, body);
    return reply.send(render(find(id) ?? {}));
  }

  /** Clients write `active` as a boolean or as text (databricks-sdk leaves a false value out of a patch). */
  function change(id: string, values: Json): void {
    const active = String(values.active).toLowerCase();
    if (active === 'true' || active === 'false')
      db.prepare('update identity_principals set active = ? where id = ?').run(active === 'true' ? 1 : 0, id);
    if (typeof values.displayName === 'string')
      db.prepare('update identity_principals set display_name = ? where id = ?').run(values.displayName, id);
  }

  function remove(request: FastifyRequest, reply: FastifyReply) {
    requireAccountAdmin(context, request);
    const id = paramOf(request, 'id');
    const row = find(id);
    if (!row) return missing(reply, id);
    context.transaction(() => {
      db.prepare('delete from identity_tokens where principal = ?').run(row.application_id as string);
      db.prepare('delete from identity_principals where id = ?').run(id);
      context.roles.replace(row.application_id as string, []);
    });
    return reply.code(204).send();
  }

  for (const base of [
    '/api/2.0/preview/scim/v2/ServicePrincipals',
    '/api/2.0/accounts/:account/scim/v2/ServicePrincipals',
  ]) {
    app.post(base, async (request, reply) => create(request, reply));
    app.get(base, async (request, reply) => list(request, reply));
    app.get(`${base}/:id`, async (request, reply) => get(request, reply));
    app.patch(`${base}/:id`, async (request, reply) => patch(request, reply));
    app.put(`${base}/:id`, async (request, reply) => put(request, reply));
    app.delete(`${base}/:id`, async (request, reply) => remove(request, reply));
  }

  app.get('/api/2.0/preview/scim/v2/Me', async (request) => renderMe(context.authorize(request)));
}

function renderMe(principal: Principal) {
  const groups = principal.admin ? ['users', 'admins'] : ['users'];
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    id: principal.id,
    userName: principal.name,
    displayName: principal.displayName,
    active: true,
    name: {},
    emails: principal.applicationId ? [] : [{ value: principal.name, type: 'work', primary: true }],
    groups: groups.map((display) => ({ display, type: 'direct', value: display })),
    entitlements: [{ value: 'workspace-access' }],
  };
}

const missing = (reply: FastifyReply, id: string) =>
  scimError(reply, 404, `Service principal with id ${id} not found.`);

/** SCIM has an error envelope of its own (RFC 7644 section 3.12). */
function scimError(reply: FastifyReply, status: number, detail: string) {
  return reply
    .code(status)
    .send({ schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], detail, status: String(status) });
}
