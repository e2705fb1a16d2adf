import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Json } from '../body.ts';
import { isObject, optionalString } from '../body.ts';
import type { WorkspaceContext } from '../context.ts';
import type { Accepted } from './federation.ts';
import { createFederation, FederationError } from './federation.ts';
import type { OidcPolicy } from './policies.ts';
import { adminName, digest } from './tokens.ts';

/** Longest life of an access token, in seconds. */
const longestLife = 3600;
const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
const jwtType = 'urn:ietf:params:oauth:token-type:jwt';

class OAuthError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, description: string, status = 400) {
    super(description);
    this.name = 'OAuthError';
    this.code = code;
    this.status = status;
  }
}

/** `POST /oidc/v1/token`: client credentials (RFC 6749) and token exchange (RFC 8693). */
export function registerTokenEndpoint(app: FastifyInstance, context: WorkspaceContext): void {
  const { db, clock, tokens } = context;
  const federation = createFederation(context.settings.accountId, () => clock.now());

  function clientCredentials(request: FastifyRequest, form: Json) {
    const { id, secret } = clientOf(request, form);
    const rows = db
      .prepare(
        `select hash from identity_secrets join identity_principals p on p.id = principal_id
           where p.application_id = ? and p.active = 1 and expires_at > ?`,
      )
      .all(id, clock.now());
    const offered = Buffer.from(digest(secret));
    if (!rows.some((row) => timingSafeEqual(Buffer.from(row.hash as string), offered)))
      throw new OAuthError('invalid_client', 'Client authentication failed', 401);
    return { principal: id, life: longestLife };
  }

  async function tokenExchange(form: Json) {
    if (form.subject_token_type !== jwtType)
      throw new OAuthError('invalid_request', `subject_token_type must be ${jwtType}`);
    const subject = form.subject_token;
    if (typeof subject !== 'string') throw new OAuthError('invalid_request', 'subject_token is missing');
    if (form.client_id === undefined) return await accountWide(subject);
    const principal = form.client_id;
    if (typeof principal !== 'string')
      throw new OAuthError('invalid_request', 'client_id must be the application ID of a service principal');
    const rows = db
      .prepare(
        `select policy from identity_policies join identity_principals p on p.id = principal_id
           where p.application_id = ? and p.active = 1`,
      )
      .all(principal);
    const policies = rows.map((row) => JSON.parse(row.policy as string) as OidcPolicy);
    const { claims } = await accept(subject, policies);
    return { principal, life: lifeOf(claims) };
  }

  /** By a policy of the account: for the user, or the service principal, whom the token names. */
  async function accountWide(token: string) {
    const rows = db.prepare('select policy from identity_account_policies').all();
    const policies = rows.map((row) => JSON.parse(row.policy as string) as OidcPolicy);
    const { claims, subject } = await accept(token, policies);
    const principal = subject === adminName ? undefined : tokens.principalNamed(subject);
    if (!principal)
      throw new OAuthError('invalid_grant', `The account has no active user ${JSON.stringify(subject)}`);
    return { principal: principal.name, life: lifeOf(claims) };
  }

  async function accept(token: string, policies: readonly OidcPolicy[]): Promise<Accepted> {
    try {
      return await federation.accept(token, policies);
    } catch (error) {
      if (!(error instanceof FederationError)) throw error;
      context.log.info({ err: error }, 'token exchange refused');
      throw new OAuthError('invalid_grant', error.message);
    }
  }

  function lifeOf(claims: Accepted['claims']): number {
    const left = Math.floor((claims.exp ?? 0) - clock.now() / 1000);
    return Math.max(1, Math.min(left, longestLife));
  }

  app.post('/oidc/v1/token', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    try {
      const form = isObject(request.body) ? request.body : {};
      const grant = optionalString(form, 'grant_type');
      if (grant !== 'client_credentials' && grant !== exchange)
        throw new OAuthError(
          'unsupported_grant_type',
          `grant_type must be client_credentials or ${exchange}`,
        );
      if (form.scope !== 'all-apis') throw new OAuthError('invalid_scope', 'scope must be all-apis');
      const { principal, life } =
        grant === exchange ? await tokenExchange(form) : clientCredentials(request, form);
      tokens.removeExpired();
      const access = tokens.issue(principal, 'oauth', { expiresAt: clock.now() + life * 1000 });
      return { access_token: access, token_type: 'Bearer', expires_in: life, scope: 'all-apis' };
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      return reply.code(error.status).send({ error: error.code, error_description: error.message });
    }
  });
}

/** Client id and secret from Basic authentication, or from the form. */
function clientOf(request: FastifyRequest, form: Json): { id: string; secret: string } {
  const basic = /^Basic +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (basic) {
    const text = Buffer.from(basic, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    // Both are form-encoded inside Basic (RFC 6749 section 2.3.1); ids and secrets here have nothing to decode.
    if (colon > 0) return { id: text.slice(0, colon), secret: text.slice(colon + 1) };
  }
  if (typeof form.client_id === 'string' && typeof form.client_secret === 'string')
    return { id: form.client_id, secret: form.client_secret };
  throw new OAuthError('invalid_client', 'Client authentication is missing', 401);
}
