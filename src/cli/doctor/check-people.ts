import type { ServerConfiguration } from '../../server/config/server-configuration.ts';
import { GiteaHttp } from '../../server/gitea/gitea-http.ts';
import type { Finding } from './finding.ts';
import { fault, ok, reasonOf } from './finding.ts';

/** Whom the users of Gitea that `as_user` names are: an id is easily mistaken, and gives another one's name. */
export async function checkPeople(
  { gitea, bindings }: ServerConfiguration,
  userAgent: string,
): Promise<Finding[]> {
  const http = new GiteaHttp({ url: gitea.internalUrl, token: gitea.token, userAgent });
  const findings: Finding[] = [];
  for (const { id, asUser = {} } of bindings) {
    for (const [user, name] of Object.entries(asUser)) {
      const where = `as_user of ${id}: the user ${user} of Gitea`;
      try {
        const { data } = await http.json<{ data: { id: number; login: string }[] | null }>(
          'GET',
          '/users/search',
          { query: { uid: user } },
        );
        const found = data?.find((one) => one.id === Number(user));
        findings.push(
          found
            ? ok(`${where} is ${found.login}, who releases as ${name}: make sure that they are one person.`)
            : fault(`${where} does not exist: take the line out, for ${name} must be nobody else.`),
        );
      } catch (error) {
        findings.push(fault(`${where}: ${reasonOf(error)}`));
      }
    }
  }
  return findings;
}
