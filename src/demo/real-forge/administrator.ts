import { randomBytes } from 'node:crypto';
import ky from 'ky';
import { answered } from '../setup/api-error.ts';
import { giteaClient } from '../setup/gitea-client.ts';
import type { DatabaseClaim } from './database.ts';
import type { GiteaProgram } from './gitea-process.ts';
import { command } from './gitea-process.ts';

/**
 * Creates a site admin, or gives one that is there this password. Commands cannot take a password without showing
 * it to everybody on the machine: so Gitea makes one up, and a token that is deleted afterwards changes it.
 * @param claim a database with users in it that is not ours yet is somebody else's
 * @throws with a sentence for the terminal
 */
export async function ensureAdministrator(
  program: GiteaProgram,
  origin: string,
  admin: { name: string; password: string; fullName: string },
  claim: DatabaseClaim,
): Promise<void> {
  const { name, password, fullName } = admin;
  const own = giteaClient(`${origin}/`, admin, AbortSignal.timeout(120_000));
  if (await knows(own)) return claim.make();

  const users = userNames(await command(program, 'admin', 'user', 'list'));
  if (!claim.isOurs && users.length > 0) {
    throw new Error(
      `the database holds a Gitea already (users ${users.slice(0, 3).join(', ')}…): the demo needs an empty one, see GITEA_DATABASE_URL`,
    );
  }
  claim.make();
  if (!users.includes(name)) {
    const given = ['--admin', '--username', name, '--email', `${name}@example.com`];
    await command(
      program,
      'admin',
      'user',
      'create',
      ...given,
      '--random-password',
      '--must-change-password=false',
    );
  }
  const tokenName = `demo-${randomBytes(6).toString('hex')}`;
  const asked = ['--username', name, '--token-name', tokenName, '--scopes', 'all', '--raw'];
  const printed = await command(program, 'admin', 'user', 'generate-access-token', ...asked);
  const token = /\b[0-9a-f]{40}\b/.exec(printed)?.[0];
  if (token === undefined) throw new Error('gitea admin user generate-access-token printed no token');
  await ky.patch(`${origin}/api/v1/admin/users/${name}`, {
    headers: { authorization: `token ${token}` },
    json: { source_id: 0, login_name: name, full_name: fullName, password, must_change_password: false },
    retry: 0,
  });
  await own.delete(`users/${name}/tokens/${tokenName}`);
}

async function knows(own: ReturnType<typeof giteaClient>): Promise<boolean> {
  try {
    await own.get('user');
    return true;
  } catch (error) {
    if (answered(error, 401, 403)) return false;
    throw error;
  }
}

/** Second column of the table that `admin user list` prints below its heading. */
function userNames(table: string): string[] {
  return table
    .split('\n')
    .map((row) => row.trim().split(/\s+/))
    .filter(([id = '', name]) => /^\d+$/.test(id) && name !== undefined)
    .map(([, name]) => name as string);
}
