import type { FastifyInstance } from 'fastify';
import type { Principal, WorkspaceContext } from '../context.ts';
import type { Fields } from './fields.ts';
import { fieldsOf, optionalText, pageSize } from './fields.ts';
import { pageOffset, pageToken } from './page-token.ts';

type Handler = (fields: Fields, principal: Principal) => unknown;

/** Adds one call below `base` of an API that mlflow's clients speak: fields in the query or in a JSON body. */
type AddCall = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, handle: Handler) => void;

export function addingCalls(app: FastifyInstance, context: WorkspaceContext, base: string): AddCall {
  return (method, path, handle) =>
    app.route({
      method,
      url: `${base}/${path}`,
      handler: (request) => handle(fieldsOf(request), context.authorize(request)),
    });
}

/** One page of what a search found, and the token of the next one. `question` is what the token belongs to. */
export function page<Item>(
  fields: Fields,
  found: readonly Item[],
  question: unknown,
  sizes: { fallback: number; limit: number },
) {
  const size = pageSize(fields, sizes.fallback, sizes.limit);
  const offset = pageOffset(optionalText(fields, 'page_token'), question);
  const more = offset + size < found.length;
  return {
    items: found.slice(offset, offset + size),
    ...(more ? { next_page_token: pageToken(offset + size, question) } : {}),
  };
}
