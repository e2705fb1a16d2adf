import type { ChangedComment, Comments } from '../command/ports.ts';
import type { CollaboratorPermissions } from '../permission/commenter-access.ts';
import { GiteaError } from './error.ts';
import type { RepositoryName } from './forge.ts';
import type { GiteaHttp } from './gitea-http.ts';
import type { GiteaComment, GiteaUser } from './gitea-shapes.ts';
import { pullOfComment, toListedComment, toPerson } from './gitea-shapes.ts';

const segment = encodeURIComponent;
const repos = ({ owner, name }: RepositoryName) => `/repos/${segment(owner)}/${segment(name)}`;

/** Comments with commands, as the bot reads and answers them. @param ownId of the bot */
export function createGiteaComments(
  http: GiteaHttp,
  ownId: () => Promise<number>,
): Comments & CollaboratorPermissions & { react(to: Reaction): Promise<void> } {
  return {
    ownId,

    async comment(repository, id) {
      const found = await http.find<GiteaComment>(`${repos(repository)}/issues/comments/${id}`);
      return (
        found && { id: found.id, pull: pullOfComment(found), author: toPerson(found.user), body: found.body }
      );
    },

    async changedSince(repository, since, bound) {
      const comments: ChangedComment[] = [];
      // Of Gitea's two times `since` is compared with the later: edited comments are in it, too.
      const query = { since: new Date(since).toISOString() };
      const path = `${repos(repository)}/issues/comments`;
      for await (const item of http.pages<GiteaComment>(path, { query }, bound)) {
        const pull = pullOfComment(item);
        if (pull > 0) comments.push({ ...toListedComment(item), pull });
      }
      return comments;
    },

    async permission(repository, userName) {
      try {
        const answer = await http.find<{ permission: string; user: GiteaUser }>(
          `${repos(repository)}/collaborators/${segment(userName)}/permission`,
        );
        if (answer === null) return null;
        const level = levelOf(answer.permission);
        const clear = level === 'admin' || (await teamsAreUniform(http, repository));
        return { userId: answer.user.id, level: clear ? level : 'unclear' };
      } catch (error) {
        if (error instanceof GiteaError && error.status === 403) return null;
        throw error;
      }
    },

    async react({ repository, comment, content }) {
      const path = `${repos(repository)}/issues/comments/${comment}/reactions`;
      try {
        await http.json('POST', path, { body: { content } });
      } catch (error) {
        // The comment is gone, the conversation locked, or the admin allows other reactions: nothing to repeat.
        if (error instanceof GiteaError && [403, 404, 422].includes(error.status)) return;
        throw error;
      }
    },
  };
}

/**
 * Whether every team that reaches the repository has the same access to code as to the rest. Where one has not, the
 * permission that Gitea tells of others is the lowest that a team gives for any unit (models/unit,
 * `MinUnitAccessMode`), so that who may write issues only is told as a writer. 405: the owner is no organisation, so
 * there are no teams.
 */
async function teamsAreUniform(http: GiteaHttp, repository: RepositoryName): Promise<boolean> {
  try {
    const teams = await http.json<GiteaTeam[]>('GET', `${repos(repository)}/teams`);
    return teams.every(isUniform);
  } catch (error) {
    if (error instanceof GiteaError && error.status === 405) return true;
    throw error;
  }
}

function isUniform({ permission, units_map: units = {} }: GiteaTeam): boolean {
  if (permission === 'owner' || permission === 'admin') return true;
  const code = units['repo.code'] ?? 'none';
  const others = Object.entries(units).filter(
    // An external tracker or wiki can be read only.
    ([unit, access]) => access !== 'none' && !unit.startsWith('repo.ext_'),
  );
  return (permission === 'none' || permission === code) && others.every(([, access]) => access === code);
}

interface GiteaTeam {
  /** Of newer releases `none` where the units differ. */
  permission: string;
  /** Unit → access. */
  units_map?: Record<string, string>;
}

/** A reaction on a comment: `rocket`, `+1`, `-1`, `confused`. */
interface Reaction {
  repository: RepositoryName;
  comment: number;
  content: string;
}

/** Gitea says `owner` for owners and site administrators. */
function levelOf(permission: string): 'none' | 'read' | 'write' | 'admin' {
  if (permission === 'owner') return 'admin';
  return permission === 'read' || permission === 'write' || permission === 'admin' ? permission : 'none';
}
