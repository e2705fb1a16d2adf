import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { bodyOf, isObject, optionalString, paramOf, queryOf } from '../body.ts';
import type { WorkspaceContext } from '../context.ts';
import { ApiError, invalid } from '../errors.ts';
import { requireAccountAdmin } from './administrators.ts';
import type { OidcPolicy } from './policies.ts';
import { maskOf, parseOidcPolicy } from './policies.ts';

/** Databricks' limit per account. */
const maxPolicies = 20;

/** `/api/2.0/accounts/{account}/federationPolicies`: whose tokens may speak for every user of the account. */
export function registerAccountPolicies(app: FastifyInstance, context: WorkspaceContext): void {
  const { db, clock } = context;
  const base = '/api/2.0/accounts/:account/federationPolicies';

  const render = (row: Record<string, unknown>) => ({
    uid: row.id,
    policy_id: row.id,
    name: `accounts/${context.settings.accountId}/federationPolicies/${row.id}`,
    description: row.description,
    oidc_policy: JSON.parse(row.policy as string) as OidcPolicy,
    create_time: new Date(row.created_at as number).toISOString(),
    update_time: new Date(row.updated_at as number).toISOString(),
  });
  const all = () => db.prepare('select * from identity_account_policies order by created_at, id').all();

  function one(request: FastifyRequest) {
    const id = paramOf(request, 'policy');
    const row = all().find((candidate) => candidate.id === id);
    if (!row) throw new ApiError('RESOURCE_DOES_NOT_EXIST', `Federation policy ${id} does not exist.`);
    return row;
  }

  app.post(base, async (request) => {
    requireAccountAdmin(context, request);
    const body = bodyOf(request);
    const policy = parseOidcPolicy(isObject(body.oidc_policy) ? body.oidc_policy : {}, 'account');
    if (all().length >= maxPolicies)
      throw invalid(`An account can have at most ${maxPolicies} federation policies.`);
    const id = optionalString(queryOf(request), 'policy_id') ?? randomUUID();
    const now = clock.now();
    db.prepare('insert into identity_account_policies values (?, ?, ?, ?, ?)').run(
      id,
      JSON.stringify(policy),
      optionalString(body, 'description') ?? '',
      now,
      now,
    );
    return render(all().find((row) => row.id === id) ?? {});
  });

  app.get(base, async (request) => {
    requireAccountAdmin(context, request);
    return { policies: all().map(render) };
  });

  app.get(`${base}/:policy`, async (request) => {
    requireAccountAdmin(context, request);
    return render(one(request));
  });

  app.patch(`${base}/:policy`, async (request) => {
    requireAccountAdmin(context, request);
    const row = one(request);
    const masked = maskOf(request);
    const given = bodyOf(request).oidc_policy;
    const changes = Object.entries(isObject(given) ? given : {}).filter(([field]) =>
      masked('oidc_policy', field),
    );
    const known = JSON.parse(row.policy as string) as OidcPolicy;
    const policy = parseOidcPolicy({ ...known, ...Object.fromEntries(changes) }, 'account');
    db.prepare('update identity_account_policies set policy = ?, updated_at = ? where id = ?').run(
      JSON.stringify(policy),
      clock.now(),
      row.id as string,
    );
    return render(one(request));
  });

  app.delete(`${base}/:policy`, async (request) => {
    requireAccountAdmin(context, request);
    db.prepare('delete from identity_account_policies where id = ?').run(one(request).id as string);
    return {};
  });
}
