import type { ForgeLog } from './forge-log.ts';
import type { GitRepositories } from './git/git-repositories.ts';
import type { Release } from './release.ts';
import type { Store } from './store/store.ts';
import type { WebhookQueue } from './webhooks/webhook-queue.ts';

export interface ForgeSettings {
  /** The public address with a trailing slash; a front proxy may stand before the forge. Every link uses it. */
  rootUrl: string;
  /** The release whose differences the forge shows. */
  release: Release;
  /** Laid out like Gitea's custom folder: `templates/custom/*.tmpl`, `public/assets/**`. */
  customDir: string;
  /** Holds `forge.db`, `repositories/` and `hooks/`. */
  dataDir: string;
}

/**
 * What every room of the forge works with. Domain actions are functions that take it first:
 * - `account/`: users, passwords, sessions (`signedInUser(forge, request)`, `signIn`, `signOut`), tokens
 * - `repository/`: `permission(forge, user, repository)`, `createRepository`, `findRepository`
 * - `pull/`: `createPull`, `closePull`, `reopenPull`, `mergePull`, `createComment`, `submitReview`, `setStatus`
 * - `protection/`: `canMerge(forge, user, pull)` with its reasons, `refusePush`
 * - `oauth/`: `startAuthorize`, `answerConsent`, `revokeGrant`
 */
export interface ForgeContext {
  settings: ForgeSettings;
  store: Store;
  git: GitRepositories;
  webhooks: WebhookQueue;
  log: ForgeLog;
  /** Seconds since the epoch. */
  now(): number;
}
