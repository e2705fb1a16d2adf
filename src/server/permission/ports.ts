import type { GiteaRepository, ListedRepository } from './bound-repository.ts';

/** A repository as it was fixed. */
export interface FixedRepository extends GiteaRepository {
  bindingId: string;
}

/** Port: which repositories were fixed to which binding. */
export interface RepositoryStore {
  find(id: number): Promise<FixedRepository | null>;
  findByName(fullName: string): Promise<FixedRepository | null>;
  all(): Promise<FixedRepository[]>;
  /** Id of the repository that was bound under this name first; null: none was. Renaming does not free a name. */
  ownerOfName(fullName: string): Promise<number | null>;
  /** From now on the name means this repository. */
  giveName(fullName: string, id: number): Promise<void>;
  /** Adds it, or updates name, address, default branch and binding. A name that nobody had becomes its own. */
  save(repository: FixedRepository): Promise<void>;
}

/** Port: the bot's view of Gitea's repositories. */
export interface RepositoryDirectory {
  /** All that the bot can see. */
  list(): AsyncIterable<ListedRepository>;
  /** null: it is gone, or the bot may not see it. */
  find(id: number): Promise<GiteaRepository | null>;
}

/** A repository as one user may see it. */
export interface RepositoryForUser extends GiteaRepository {
  permissions: { pull: boolean; push: boolean; admin: boolean };
}

/** A branch as one user may see it (`GET /branches/{b}`). */
export interface BranchForUser {
  protected: boolean;
  userCanMerge: boolean;
  requiredApprovals: number;
}

/** Port: questions to Gitea with the user's own token. null: does not exist for this user. */
export interface UserGitea {
  /** Rejects with 401 or 403 where the token, or its user, is not accepted any more. */
  self(token: string): Promise<void>;
  repository(token: string, id: number): Promise<RepositoryForUser | null>;
  branch(token: string, fullName: string, branch: string): Promise<BranchForUser | null>;
  /** Organisations and teams of the user: `org`, `org:team`. */
  groups(token: string): Promise<string[]>;
}
