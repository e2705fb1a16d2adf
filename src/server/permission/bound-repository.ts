import type { Binding, WorkspaceConfiguration } from '../config/server-configuration.ts';

/** A repository that a binding was fixed to, with what the binding gives it. */
export interface BoundRepository {
  /** Gitea's immutable id. */
  id: number;
  /** `owner/name` as Gitea told it last; changes with a rename, the id does not. */
  fullName: string;
  owner: string;
  name: string;
  /** The repository's page in Gitea. */
  url: string;
  defaultBranch: string;
  /** The binding's branch, else the default branch. */
  productionBranch: string;
  binding: Binding;
  workspace: WorkspaceConfiguration;
}

/** What Gitea tells about a repository (`GET /repositories/{id}`, also inside webhook payloads). */
export interface GiteaRepository {
  id: number;
  fullName: string;
  url: string;
  defaultBranch: string;
}

/** What changes when something is pushed, or a pull request is opened or closed. */
export interface RepositorySigns {
  /** Of the last push, ISO 8601, to the second. */
  updatedAt: string;
  openPulls: number;
}

/** A repository as Gitea lists it. */
export type ListedRepository = GiteaRepository & RepositorySigns;

/** Which repositories the bindings cover. Globs are matched once; after that the id counts. */
export interface BoundRepositories {
  /** null: unknown to us, or not covered. Looks into the store, never at Gitea. */
  find(id: number): Promise<BoundRepository | null>;
  /** By `owner/name` as last seen. */
  findByName(fullName: string): Promise<BoundRepository | null>;
  all(): Promise<BoundRepository[]>;
  /**
   * Asks Gitea by the id, for whoever goes on by name: a name may be another repository's by now.
   *
   * @returns null: not bound, or gone
   */
  current(id: number): Promise<BoundRepository | null>;
  /**
   * Asks Gitea for the repositories that the bot can see, and fixes those that match a glob.
   *
   * @returns by id, those that are bound
   */
  discover(): Promise<ReadonlyMap<number, RepositorySigns>>;
  /**
   * Takes in what Gitea said about one repository: fixes it to its binding when it is new and matches,
   * updates its name and branch when it is known.
   */
  see(repository: GiteaRepository): Promise<BoundRepository | null>;
}
