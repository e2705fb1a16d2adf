import { expect, test } from 'vitest';
import { createGiteaComments } from '../../../src/server/gitea/gitea-comments.ts';
import { GiteaHttp } from '../../../src/server/gitea/gitea-http.ts';

const all = (access: string) => ({ 'repo.code': access, 'repo.issues': access, 'repo.pulls': access });

/** @param teams of the repository; null: its owner is a person */
async function levelOf(permission: string, teams: object[] | null): Promise<string | undefined> {
  const fetch = async (input: RequestInfo | URL) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    if (!pathname.endsWith('/teams')) return Response.json({ permission, user: { id: 5, login: 'otto' } });
    return teams === null
      ? Response.json({ message: 'repo is not owned by an organization' }, { status: 405 })
      : Response.json(teams);
  };
  const http = new GiteaHttp({ url: 'http://git.example.com', token: 't', userAgent: 'test/1', fetch });
  const comments = createGiteaComments(http, async () => 1);
  const told = await comments.permission({ owner: 'ml', name: 'wine' }, 'otto');
  return told?.level;
}

test.each<[where: string, permission: string, teams: object[] | null, level: string]>([
  ['a repository of a person', 'write', null, 'write'],
  [
    'teams that have the same everywhere',
    'write',
    [{ permission: 'write', units_map: all('write') }],
    'write',
  ],
  [
    'the same everywhere but in an external tracker, which can be read only',
    'write',
    [{ permission: 'write', units_map: { ...all('write'), 'repo.ext_issues': 'read' } }],
    'write',
  ],
  ['a team of administrators', 'read', [{ permission: 'admin', units_map: all('admin') }], 'read'],
  [
    'a team that may write issues only',
    'write',
    [{ permission: 'write', units_map: { 'repo.issues': 'write' } }],
    'unclear',
  ],
  [
    'a team that writes code and reads the rest, told as its lowest',
    'read',
    [{ permission: 'read', units_map: { ...all('read'), 'repo.code': 'write' } }],
    'unclear',
  ],
  ['a team that says nothing of units', 'write', [{ permission: 'write' }], 'unclear'],
  [
    'a team per unit, where they are an administrator all the same',
    'owner',
    [{ permission: 'none', units_map: { 'repo.issues': 'write' } }],
    'admin',
  ],
])('what Gitea tells of others in %s', async (_, permission, teams, level) => {
  expect(await levelOf(permission, teams)).toBe(level);
});
