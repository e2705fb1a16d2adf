import { call } from './api.ts';

/** The backend's API in the name of somebody who signed in. `path` is below `api/v1/`. */
export type BackendApi = <T>(path: string, body?: unknown) => Promise<T>;

/** A browser's cookies, without their paths: names do not clash here. */
class Cookies {
  readonly #values = new Map<string, string>();

  /** One request without following redirects; the cookies of the answer are kept. */
  async fetch(url: string, form?: URLSearchParams): Promise<Response> {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: this.header(), ...(form ? { 'sec-fetch-site': 'same-origin' } : {}) },
      ...(form ? { method: 'POST', body: form } : {}),
    });
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';', 1)[0] as string).split('=', 2);
      if (value === '') this.#values.delete(name);
      else this.#values.set(name, value);
    }
    return response;
  }

  header(): string {
    return [...this.#values].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}

/** Where there is something to sign in to: a demo, or what is like one. */
export interface SignInPlace {
  /** Gitea's address with a trailing slash. */
  url: string;
  demo: { users: { name: string; password: string }[]; backend: { url: string } };
}

/** Signs in at Gitea, allows the panel, and speaks to the backend as the panel does. */
export async function signIn(place: SignInPlace, name: string): Promise<BackendApi> {
  const headers = { cookie: await signedInCookie(place, name), origin: new URL(place.url).origin };
  return (path, body) => call(`${place.demo.backend.url}api/v1/${path}`, { headers, body });
}

/** Signs in at Gitea and allows the panel. @returns the cookies that a browser has then */
export async function signedInCookie({ url, demo }: SignInPlace, name: string): Promise<string> {
  const user = demo.users.find((one) => one.name === name);
  if (!user) throw new Error(`the demo has no user ${name}`);
  const cookies = new Cookies();
  await cookies.fetch(
    `${url}user/login`,
    new URLSearchParams({ user_name: user.name, password: user.password }),
  );
  let response = await cookies.fetch(`${demo.backend.url}auth/start`);
  while (response.status >= 300 && response.status < 400) {
    response = await cookies.fetch(new URL(response.headers.get('location') ?? '', url).href);
  }
  if (new URL(response.url).pathname.endsWith('/authorize')) {
    response = await cookies.fetch(`${url}login/oauth/grant`, hiddenFields(await response.text()));
    while (response.status >= 300 && response.status < 400) {
      response = await cookies.fetch(new URL(response.headers.get('location') ?? '', url).href);
    }
  }
  if (!response.ok || !response.url.startsWith(demo.backend.url)) {
    throw new Error(`the sign-in of ${name} ended at ${response.url} with ${response.status}`);
  }
  return cookies.header();
}

/** What the consent page's form sends back. */
function hiddenFields(page: string): URLSearchParams {
  const fields = new URLSearchParams();
  for (const [input] of page.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
    const field = /name="([^"]*)"/.exec(input)?.[1];
    const value = /value="([^"]*)"/.exec(input)?.[1] ?? '';
    if (field) fields.set(field, value.replaceAll('&#43;', '+').replaceAll('&amp;', '&'));
  }
  fields.set('granted', 'true');
  return fields;
}
