import type { World } from '../world/world.ts';

/** What a route answered. */
export interface Answer<Body = unknown> {
  status: number;
  body: Body;
}

/** The backend's API as a person's browser asks it, refusals included. */
export async function reader(world: World, name: string) {
  const cookie = await world.cookieOf(name);
  const headers = { cookie, origin: new URL(world.url).origin };
  return async <Body>(path: string, body?: unknown): Promise<Answer<Body>> => {
    const response = await fetch(`${world.backendUrl}api/v1/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Body };
  };
}
