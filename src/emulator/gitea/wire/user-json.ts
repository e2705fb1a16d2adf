import type { ForgeContext } from '../context.ts';
import { withFieldsOf } from '../release.ts';
import type { Access, UserRow } from '../store/rows.ts';
import { timestamp, zeroTime } from './timestamp.ts';

/** Who looks at a user: somebody (a row), nobody (undefined), or "somebody with this access to the repository". */
export type Viewer = UserRow | undefined | Access;

/** A user or organisation as the API shows it: e-mail, admin flag and the like depend on who asks. */
export function userJson(forge: ForgeContext, user: UserRow, viewer: Viewer) {
  const isSignedIn = typeof viewer === 'string' ? viewer !== 'none' : viewer !== undefined;
  const isTrusted = typeof viewer === 'object' && (viewer.isAdmin || viewer.id === user.id);
  const { rootUrl } = forge.settings;
  return withFieldsOf(forge.settings.release, 'user', {
    id: user.id,
    login: user.name,
    login_name: '',
    source_id: 0,
    full_name: user.fullName,
    email: isSignedIn ? user.email : `${user.id}+${user.lowerName}@noreply.localhost`,
    avatar_url: `${rootUrl}avatars/${user.avatar}`,
    html_url: `${rootUrl}${user.name}`,
    language: isTrusted ? user.language : '',
    is_admin: isTrusted && user.isAdmin,
    last_login: isTrusted ? timestamp(user.lastLogin) : zeroTime,
    created: timestamp(user.created),
    restricted: false,
    active: isTrusted,
    prohibit_login: false,
    location: user.location,
    website: user.website,
    description: user.description,
    visibility: user.visibility,
    followers_count: 0,
    following_count: 0,
    starred_repos_count: 0,
    username: user.name,
  });
}
