import ky, { HTTPError } from 'ky';
import { GiteaError } from './error.ts';

/**
 * Organisations and teams (`org`, `org:team`) of whom a token belongs to, as Gitea tells them now: the `groups` of
 * its OpenID userinfo, null for somebody who is in none (services/oauth2_provider of Gitea).
 *
 * @param url where the backend reaches Gitea
 * @throws GiteaError
 */
export async function groupsOfUser(url: string, token: string, userAgent: string): Promise<string[]> {
  try {
    const { groups } = await ky
      .get(`${url}/login/oauth/userinfo`, {
        redirect: 'manual',
        timeout: 20_000,
        headers: { authorization: `Bearer ${token}`, 'user-agent': userAgent },
        retry: { limit: 2, statusCodes: [429, 503], maxRetryAfter: 10_000, jitter: true },
      })
      .json<{ groups?: unknown }>();
    return Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [];
  } catch (cause) {
    const status = cause instanceof HTTPError ? cause.response.status : 0;
    throw new GiteaError(status, `Gitea (${url}) did not tell the user's teams.`, { cause });
  }
}
