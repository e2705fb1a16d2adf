import type { Permission, Person } from '../../contract/person.ts';
import { ProblemError } from '../http/problem.ts';
import type { AccessCheck, Viewer } from './access.ts';
import type { BoundRepository } from './bound-repository.ts';
import { decideAccess } from './decide.ts';

/** Port: sessions of a person that are still open, newest first. */
export interface SessionsOfPerson {
  viewersOf(userId: number): Promise<Viewer[]>;
}

/** Port: what the bot may learn about others. */
export interface CollaboratorPermissions {
  /**
   * Of `GET /repos/{o}/{r}/collaborators/{user}/permission`, which Gitea answers to administrators of the repository.
   *
   * @returns null: the bot may not ask, or there is no such user; level `unclear`: teams of the organisation have
   *   other access to code than their general one, which is all that Gitea tells here
   */
  permission(
    repository: Pick<BoundRepository, 'owner' | 'name'>,
    userName: string,
  ): Promise<{ userId: number; level: 'none' | 'read' | 'write' | 'admin' | 'unclear' } | null>;
}

/** What somebody who wrote a comment may do. */
export interface CommenterAccess {
  of(person: Person, repository: BoundRepository): Promise<Standing>;
}

interface Standing {
  view: Permission;
  train: Permission;
}

const allowed: Permission = { allowed: true };
const refused = (code: string, reason: string): Permission => ({ allowed: false, code, reason });

/**
 * Asks Gitea what the author of a comment may do now: with their own token where they are signed in to the panel,
 * else with the bot's where it administers the repository. Where neither can be asked nothing is allowed.
 */
export function createCommenterAccess(dependencies: {
  sessions: SessionsOfPerson;
  access: Pick<AccessCheck, 'check'>;
  collaborators: CollaboratorPermissions;
}): CommenterAccess {
  const { sessions, access, collaborators } = dependencies;

  async function withOwnToken(person: Person, repository: BoundRepository): Promise<Standing | null> {
    for (const viewer of await sessions.viewersOf(person.id)) {
      try {
        const { train } = await access.check(viewer, repository.id);
        return { view: allowed, train };
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        if (error.code === 'not-found') return noAccess(repository);
        if (error.code !== 'signed-out') throw error;
      }
    }
    return null;
  }

  function noAccess({ fullName }: BoundRepository): Standing {
    const none = refused(
      'read-missing',
      `Commands need write access to ${fullName}; you have none. An administrator of the repository can give it to you (Settings, Collaborators).`,
    );
    return { view: none, train: none };
  }

  return {
    async of(person, repository) {
      const own = await withOwnToken(person, repository);
      if (own) return own;
      // Whoever writes here could read when they wrote.
      const unknown = (reason: string) => ({ view: allowed, train: refused('permission-unknown', reason) });
      if (repository.binding.teams?.train !== undefined) {
        return unknown(
          'Training needs membership of a team besides, which Gitea tells with your own sign-in only. Open this page once with the Databricks box and sign in there.',
        );
      }
      const told = await collaborators.permission(repository, person.name);
      if (told === null || told.userId !== person.id) {
        return unknown(
          'Gitea does not tell the bot what you may do here. Open this page once with the Databricks box and sign in there, or have an administrator of the repository make the bot an administrator, too.',
        );
      }
      const { level } = told;
      if (level === 'unclear') {
        return unknown(
          'Teams of the organisation have other access to the code than to the rest, which Gitea tells with your own sign-in only. Open this page once with the Databricks box and sign in there.',
        );
      }
      if (level === 'none') return noAccess(repository);
      const push = level === 'write' || level === 'admin';
      const permissions = { pull: true, push, admin: level === 'admin' };
      const { train } = decideAccess(repository, { ...repository, permissions }, null);
      return { view: allowed, train };
    },
  };
}
