import type { FastifyRequest } from 'fastify';
import type { Principal, WorkspaceContext } from '../context.ts';
import { ApiError, forbidden } from '../errors.ts';

/** @throws ApiError 403 unless the request is the admin's. */
export function requireAdmin(context: WorkspaceContext, request: FastifyRequest): Principal {
  const principal = context.authorize(request);
  if (!principal.admin) throw forbidden('Only admins may perform this operation.');
  return principal;
}

/** {@link requireAdmin} for account-level paths. @throws ApiError 404 when the path names another account. */
export function requireAccountAdmin(context: WorkspaceContext, request: FastifyRequest): Principal {
  const principal = requireAdmin(context, request);
  const account = (request.params as { account?: string }).account;
  if (account !== undefined && account !== context.settings.accountId)
    throw new ApiError('RESOURCE_DOES_NOT_EXIST', `Account ${account} does not exist.`);
  return principal;
}
