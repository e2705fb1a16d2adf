import type { Journal } from '../journal.ts';
import type { Progress } from '../progress.ts';
import type { DemoUser } from '../setup/accounts.ts';
import type { Production } from '../setup/catalog.ts';
import type { GiteaClient } from '../setup/gitea-client.ts';
import type { Role, ServicePrincipal } from '../setup/principals.ts';
import type { WorkspaceClient } from '../setup/workspace-client.ts';
import type { GitClone } from './git-clone.ts';

/** What a story is played with. */
export interface Stage {
  /** Folder of the example: the story's files are relative to it. */
  exampleDir: string;
  /** `owner/name` in Gitea. */
  repository: string;
  users: DemoUser[];
  /** Who may merge into a protected branch. */
  mayMerge: string[];
  clone: GitClone;
  /** Gitea in a user's name. */
  gitea: (user: DemoUser) => GiteaClient;
  workspace: WorkspaceClient;
  production: Production;
  principals: Record<Role, ServicePrincipal>;
  journal: Journal;
  progress: Progress;
  signal: AbortSignal;
  /** Called with the number of the open pull request; null once it is merged or closed. */
  onPull: (number: number | null) => void;
  /** Longest wait for one training run, in milliseconds. */
  runWithin?: number;
}
