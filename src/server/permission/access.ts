import type { Permission, Person } from '../../contract/person.ts';
import type { BoundRepository } from './bound-repository.ts';

/** Somebody with a session of ours. */
export interface Viewer {
  user: Person;
  /** Identifies the session in caches and logs of ours; not the cookie's value. */
  sessionKey: string;
  /** When the session ends, ISO 8601. */
  expiresAt: string;
  /** The user's own Gitea token, refreshed when it is about to end. Rejects with `signed-out` when it cannot be. */
  giteaToken(): Promise<string>;
  /** Gitea no longer accepts the token: the grant was withdrawn, so this session ends too. */
  endSession(): Promise<void>;
}

/** What a route handler gets after the guard: who asks, for which repository, and what they may do there now. */
export interface Access {
  user: Person;
  repository: BoundRepository;
  view: true;
  train: Permission;
  release: Permission;
  audit: Permission;
  administer: Permission;
}

/** What a guard asks for. */
export type Right = 'view' | 'train' | 'release' | 'audit' | 'administer';

/** Answers what a viewer may do with a repository now. */
export interface AccessCheck {
  /** Rejects with `not-found` where the repository is not bound or may not be seen. */
  check(viewer: Viewer, repositoryId: number): Promise<Access>;
  /** Rejects with `signed-out`, and ends the session, where Gitea no longer accepts the sign-in. */
  confirm(viewer: Viewer): Promise<void>;
}
