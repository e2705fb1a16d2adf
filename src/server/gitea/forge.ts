/** What the rooms want to know from the forge, in their own words; implemented by {@link createGiteaForge}. */
import type { Person } from '../../contract/person.ts';

/** A repository's address; changes with a rename, so it comes from a fresh BoundRepository. */
export interface RepositoryName {
  owner: string;
  name: string;
}

export interface BranchFacts {
  /** SHA of its head. */
  head: string;
  protected: boolean;
  requiredApprovals: number;
}

export interface CommitFacts {
  sha: string;
  /** First line of the message. */
  title: string;
  parents: string[];
  /** The Gitea user of the author's address; null when there is none. */
  author: Person | null;
}

export interface PullFacts {
  index: number;
  title: string;
  url: string;
  state: 'open' | 'merged' | 'closed';
  author: Person | null;
  head: { sha: string; branch: string };
  base: { branch: string };
  /**
   * The head lies in another repository (or in one that was deleted), or on no branch of this one: who may only read
   * can push such a head (`refs/for/…`).
   */
  fork: boolean;
  /** `owner/name` of the head's repository; null when deleted. */
  headRepository: string | null;
  mergeBase: string | null;
  mergeCommit: string | null;
  mergedBy: Person | null;
  /** ISO 8601, to the second. */
  mergedAt: string | null;
}

/** As listed: with what shows that somebody commented or pushed. */
export interface OpenPull extends PullFacts {
  /** ISO 8601, to the second. */
  updatedAt: string;
  /** How many. */
  comments: number;
}

/** A comment as listed. Times are ISO 8601, to the second. */
export interface ListedComment {
  id: number;
  /** Gitea's id; 0: gone. */
  author: number;
  body: string;
  createdAt: string;
  /** Later than `createdAt` when it was edited. */
  updatedAt: string;
}

/** The newest commit status of one context. */
export interface StatusFacts {
  state: string;
  description: string;
  targetUrl: string;
  /** Gitea's id; 0: gone. */
  creator: number;
}

export interface ReviewFacts {
  reviewer: Person | null;
  state: string;
  official: boolean;
  stale: boolean;
  dismissed: boolean;
  commit: string;
}

export interface FileEntry {
  path: string;
  /** `100644`, `100755`, `120000` (symbolic link), `160000` (submodule). */
  mode: string;
  /** Id of the blob. */
  sha: string;
  /** Bytes. */
  size: number;
}

/** All methods that look for one thing answer null where it does not exist. */
export interface Forge {
  repository(
    id: number,
  ): Promise<{ id: number; fullName: string; url: string; defaultBranch: string } | null>;
  branch(repository: RepositoryName, name: string): Promise<BranchFacts | null>;
  commit(repository: RepositoryName, sha: string): Promise<CommitFacts | null>;
  /** The commit and its first-parent ancestors, newest first. */
  firstParents(repository: RepositoryName, sha: string, limit: number): Promise<string[]>;
  /** Paths that changed between two commits; null: cannot be told (unknown base, too many). */
  changedPaths(repository: RepositoryName, base: string, head: string): Promise<string[] | null>;
  pull(repository: RepositoryName, index: number): Promise<PullFacts | null>;
  /** Last commit that the pull request had while it was open (its ref in the base repository). */
  pullHead(repository: RepositoryName, index: number): Promise<string | null>;
  openPulls(repository: RepositoryName): Promise<OpenPull[]>;
  /** Those that are not open any more, the ones that changed last first. */
  closedPulls(repository: RepositoryName, limit: number): Promise<PullFacts[]>;
  pullPaths(repository: RepositoryName, index: number): Promise<string[]>;
  reviews(repository: RepositoryName, index: number): Promise<ReviewFacts[]>;
  /** Text of a file at a commit (full SHA). */
  file(repository: RepositoryName, path: string, commit: string): Promise<string | null>;
  /** Every file of a commit; submodules are included as entries. @param bound more files than this are an error */
  files(repository: RepositoryName, commit: string, bound: number): Promise<FileEntry[]>;
  blob(repository: RepositoryName, sha: string): Promise<Uint8Array>;
}

/** Where results are written to. */
export interface ReportTarget {
  setStatus(
    repository: RepositoryName,
    sha: string,
    status: { state: string; context: string; description: string; targetUrl: string },
  ): Promise<void>;
  /** Id of the bot itself. */
  ownId(): Promise<number>;
  /** The one of this context that counts now; null: there is none. */
  status(repository: RepositoryName, sha: string, context: string): Promise<StatusFacts | null>;
  /** All of a pull request, oldest first. */
  comments(repository: RepositoryName, index: number): Promise<ListedComment[]>;
  createComment(repository: RepositoryName, index: number, body: string): Promise<number>;
  editComment(repository: RepositoryName, id: number, body: string): Promise<void>;
  /** One that is gone already is as it should be. */
  deleteComment(repository: RepositoryName, id: number): Promise<void>;
}
