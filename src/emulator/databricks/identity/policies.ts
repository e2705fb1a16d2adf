import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Json } from '../body.ts';
import {
  bodyOf,
  isObject,
  optionalString,
  optionalStrings,
  paramOf,
  queryOf,
  requiredString,
} from '../body.ts';
import type { WorkspaceContext } from '../context.ts';
import { ApiError, invalid } from '../errors.ts';
import { requireAccountAdmin } from './administrators.ts';

/** Databricks' limit per service principal. */
const maxPolicies = 20;

/** What a federation policy demands of a JWT; absent audiences mean the account id. */
export interface OidcPolicy {
  issuer: string;
  audiences: string[];
  /** Undefined in an account-wide policy. */
  subject: string | undefined;
  /** Claim that holds the subject; default `sub`. */
  subject_claim: string;
  jwks_uri: string | undefined;
  jwks_json: string | undefined;
}

/** Reads and checks `oidc_policy`. @throws ApiError 400 that names the field. */
export function parseOidcPolicy(source: Json, of: 'service principal' | 'account'): OidcPolicy {
  if (of === 'account' && source.subject !== undefined)
    throw invalid('oidc_policy.subject must not be specified for account federation policies.');
  const policy: OidcPolicy = {
    issuer: requiredString(source, 'issuer'),
    audiences: optionalStrings(source, 'audiences'),
    subject: of === 'account' ? undefined : requiredString(source, 'subject'),
    subject_claim: optionalString(source, 'subject_claim') ?? 'sub',
    jwks_uri: optionalString(source, 'jwks_uri'),
    jwks_json: optionalString(source, 'jwks_json'),
  };
  if (!URL.canParse(policy.issuer)) throw invalid('oidc_policy.issuer must be a URL.');
  if (policy.jwks_uri !== undefined && policy.jwks_json !== undefined)
    throw invalid('oidc_policy takes jwks_uri or jwks_json, not both.');
  if (policy.jwks_json !== undefined && !isKeySet(policy.jwks_json))
    throw invalid('oidc_policy.jwks_json must be a JSON Web Key Set with public keys only: {"keys":[…]}.');
  return policy;
}

function isKeySet(text: string): boolean {
  try {
    const set: unknown = JSON.parse(text);
    return (
      isObject(set) &&
      Array.isArray(set.keys) &&
      set.keys.every((key) => isObject(key) && key.d === undefined && key.k === undefined)
    );
  } catch {
    return false;
  }
}

/** Whether `update_mask` lets a field be changed; without one, and with `*`, every field that is given may be. */
export function maskOf(request: FastifyRequest): (...path: string[]) => boolean {
  const mask = optionalString(queryOf(request), 'update_mask')?.split(',') ?? ['*'];
  return (...path) =>
    [path[0], path.join('.'), '*'].some((each) => each !== undefined && mask.includes(each));
}

/** `/api/2.0/accounts/{account}/servicePrincipals/{id}/federationPolicies`. */
export function registerPolicies(app: FastifyInstance, context: WorkspaceContext): void {
  const { db, clock } = context;
  const base = '/api/2.0/accounts/:account/servicePrincipals/:id/federationPolicies';

  function render(row: Record<string, unknown>) {
    const { accountId } = context.settings;
    return {
      uid: row.id,
      policy_id: row.id,
      service_principal_id: row.principal_id,
      name: `accounts/${accountId}/servicePrincipals/${row.principal_id}/federationPolicies/${row.id}`,
      description: row.description,
      oidc_policy: JSON.parse(row.policy as string) as OidcPolicy,
      create_time: new Date(row.created_at as number).toISOString(),
      update_time: new Date(row.updated_at as number).toISOString(),
    };
  }

  const all = (id: string) =>
    db.prepare('select * from identity_policies where principal_id = ? order by created_at, id').all(id);

  function one(request: FastifyRequest) {
    const id = paramOf(request, 'policy');
    const row = all(paramOf(request, 'id')).find((candidate) => candidate.id === id);
    if (!row) throw new ApiError('RESOURCE_DOES_NOT_EXIST', `Federation policy ${id} does not exist.`);
    return row;
  }

  app.post(base, async (request) => {
    requireAccountAdmin(context, request);
    const principal = paramOf(request, 'id');
    if (!db.prepare('select 1 from identity_principals where id = ?').get(principal))
      throw new ApiError('RESOURCE_DOES_NOT_EXIST', `Service principal with id ${principal} does not exist.`);
    const body = bodyOf(request);
    const policy = parseOidcPolicy(isObject(body.oidc_policy) ? body.oidc_policy : {}, 'service principal');
    if (all(principal).length >= maxPolicies)
      throw invalid(`A service principal can have at most ${maxPolicies} federation policies.`);
    const id = optionalString(queryOf(request), 'policy_id') ?? randomUUID();
    if (!/^[a-z0-9-]+$/.test(id))
      throw invalid('policy_id may contain lowercase letters, digits and hyphens.');
    if (db.prepare('select 1 from identity_policies where id = ?').get(id))
      throw new ApiError('RESOURCE_ALREADY_EXISTS', `Federation policy ${id} already exists.`, {
        status: 409,
      });
    const now = clock.now();
    db.prepare('insert into identity_policies values (?, ?, ?, ?, ?, ?)').run(
      id,
      principal,
      JSON.stringify(policy),
      optionalString(body, 'description') ?? '',
      now,
      now,
    );
    const row = db.prepare('select * from identity_policies where id = ?').get(id);
    return render(row ?? {});
  });

  app.get(base, async (request) => {
    requireAccountAdmin(context, request);
    return { policies: all(paramOf(request, 'id')).map(render) };
  });

  app.get(`${base}/:policy`, async (request) => {
    requireAccountAdmin(context, request);
    return render(one(request));
  });

  app.patch(`${base}/:policy`, async (request) => {
    requireAccountAdmin(context, request);
    const row = one(request);
    const masked = maskOf(request);
    const body = bodyOf(request);
    const given = isObject(body.oidc_policy) ? body.oidc_policy : {};
    const known = JSON.parse(row.policy as string) as OidcPolicy;
    const changes = Object.entries(given).filter(([field]) => masked('oidc_policy', field));
    const policy = parseOidcPolicy({ ...known, ...Object.fromEntries(changes) }, 'service principal');
    const said = masked('description') ? optionalString(body, 'description') : undefined;
    const description = said ?? (row.description as string);
    db.prepare('update identity_policies set policy = ?, description = ?, updated_at = ? where id = ?').run(
      JSON.stringify(policy),
      description,
      clock.now(),
      row.id as string,
    );
    return render(one(request));
  });

  app.delete(`${base}/:policy`, async (request) => {
    requireAccountAdmin(context, request);
    db.prepare('delete from identity_policies where id = ?').run(one(request).id as string);
    return {};
  });
}
