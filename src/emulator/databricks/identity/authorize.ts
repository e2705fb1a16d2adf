import type { FastifyRequest } from 'fastify';
import type { Principal } from '../context.ts';
import { credentialMissing, credentialRefused, forbidden } from '../errors.ts';
import type { Tokens } from './tokens.ts';

/** What a run's token may reach: what training needs, nothing that could start work, sign in or rewrite a snapshot. */
const reachableByRuns: readonly [methods: RegExp, path: RegExp][] = [
  [/./, /^\/api\/2\.[01]\/mlflow\//],
  [/./, /^\/api\/2\.[01]\/(mlflow\/)?unity-catalog\//],
  [/./, /^\/api\/2\.0\/fs\//],
  [/^GET$/, /^\/api\/2\.0\/preview\/scim\/v2\/Me$/],
  [/^GET$/, /^\/api\/2\.0\/workspace\/(get-status|list|export)$/],
  [/^GET$/, /^\/api\/2\.[12]\/jobs\/runs\/get$/],
];

/** The principal behind a request's `Authorization: Bearer`. See `WorkspaceContext.authorize`. */
export function authorizeRequest(tokens: Tokens, request: FastifyRequest): Principal {
  const header = request.headers.authorization;
  if (!header) throw credentialMissing();
  const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
  if (!token) throw credentialMissing();
  const principal = tokens.find(token);
  if (!principal) throw credentialRefused();
  if (principal.run) {
    const path = request.url.split('?')[0] ?? '';
    const allowed = reachableByRuns.some(
      ([methods, paths]) => methods.test(request.method) && paths.test(path),
    );
    if (!allowed)
      throw forbidden(
        `The token of run ${principal.run.runId} may not call ${request.method} ${path}: it reaches tracking, models and files only.`,
      );
  }
  return principal;
}
