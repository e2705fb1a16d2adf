import type { FastifyRequest, RouteOptions } from 'fastify';
import type { Act, Acts, Need } from '../permission/matrix.ts';
import { guard, signedIn } from './guard.ts';

type Hook = (request: FastifyRequest) => Promise<void>;

async function mustBeSignedIn(request: FastifyRequest): Promise<void> {
  signedIn(request);
}

/** `signature` and `loopback` are checked by their routes, which see bytes and address. */
function hookOf(needs: Need): Hook | null {
  switch (needs) {
    case 'nothing':
    case 'signature':
    case 'loopback':
      return null;
    case 'session':
    case 'view-each':
      return mustBeSignedIn;
    default:
      return guard(needs);
  }
}

/**
 * A Fastify onRoute hook that puts the guard of the permission matrix before each route's handler, so that no
 * route can forget one.
 *
 * @param acts by `METHOD address`, addresses relative to the base
 * @param base path of the public URL, without a slash at its end
 * @throws Error when a route has no entry: the application does not start then
 */
export function guardByMatrix(acts: Acts, base: string): (route: RouteOptions) => void {
  return (route) => {
    const needs = new Set<Need>();
    for (const method of [route.method].flat()) needs.add(actOf(acts, base, method, route.url).needs);
    if (needs.size > 1)
      throw new Error(`${route.url} has methods with different needs: register them apart.`);
    for (const need of needs) {
      const hook = hookOf(need);
      if (hook) route.preHandler = [hook, ...[route.preHandler ?? []].flat()];
    }
  };
}

function actOf(acts: Acts, base: string, method: string, url: string): Act {
  const address = url.startsWith(`${base}/`) ? url.slice(base.length + 1) : url;
  const name = `${method === 'HEAD' ? 'GET' : method} ${address}`;
  const act = Object.hasOwn(acts, name) ? acts[name] : undefined;
  if (act) return act;
  throw new Error(
    `"${name}" is not in the permission matrix (src/server/permission/matrix.ts): say who may do it.`,
  );
}
