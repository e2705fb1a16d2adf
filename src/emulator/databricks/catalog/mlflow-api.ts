import type { FastifyInstance } from 'fastify';
import type { Principal, WorkspaceContext } from '../context.ts';
import type { Fields } from '../mlflow/fields.ts';
import { fieldsOf, optionalInteger, optionalText, text } from '../mlflow/fields.ts';
import { pageOffset, pageToken } from '../mlflow/page-token.ts';
import type { Privilege } from '../permission/privileges.ts';

type Handler = (fields: Fields, principal: Principal) => unknown;

/** Adds one call of the API that mlflow's `databricks-uc` registry speaks, `/api/2.0/mlflow/unity-catalog/{path}`. */
type AddCall = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, handle: Handler) => void;

export function addingCalls(app: FastifyInstance, context: WorkspaceContext): AddCall {
  return (method, path, handle) =>
    app.route({
      method,
      url: `/api/2.0/mlflow/unity-catalog/${path}`,
      handler: (request) => handle(fieldsOf(request), context.authorize(request)),
    });
}

/** Checks a privilege on the model that a request names. @throws ApiError 403 */
type RequireOnModel = (principal: Principal, privilege: Privilege, fields: Fields) => void;

export const requiringOnModel =
  (context: WorkspaceContext): RequireOnModel =>
  (principal, privilege, fields) =>
    context.permissions.require(principal, privilege, 'function', text(fields, 'name'));

/** One page of what a search found. */
export function page<Item>(fields: Fields, found: Item[], question: unknown) {
  const size = optionalInteger(fields, 'max_results') || 1000;
  const offset = pageOffset(optionalText(fields, 'page_token'), question);
  const more = offset + size < found.length;
  return {
    items: found.slice(offset, offset + size),
    ...(more ? { next_page_token: pageToken(offset + size, question) } : {}),
  };
}
