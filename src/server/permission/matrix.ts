/**
 * Who may do what. The one table: the HTTP application takes its guards from it and refuses to start with a route
 * that is not in it, slash commands ask it, and docs/permission-matrix.md is written from it.
 */
import type { Right } from './access.ts';

/**
 * What a caller must have. `nothing`: anybody; `signature`: Gitea's HMAC over the body; `loopback`: a process of
 * this machine; `session`: signed in; a right: in the repository that the address names, asked of Gitea now;
 * `view-each`: the right to view each repository that the query names, what may not be seen is left out.
 */
export type Need = 'nothing' | 'signature' | 'loopback' | 'session' | 'view-each' | Right;

export interface Act {
  needs: Need;
  /** In words, for people. */
  does: string;
}

/** Acts by `METHOD address`; addresses are relative to the public URL. HEAD goes with GET. */
export type Acts = Readonly<Record<string, Act>>;

const repository = 'api/v1/repositories/:repository';

/** Every route. */
export const routeActs: Acts = {
  'GET auth/start': { needs: 'nothing', does: 'start signing in through Gitea' },
  'GET auth/callback': { needs: 'nothing', does: 'come back from Gitea, in the browser that started' },
  'GET .well-known/openid-configuration': { needs: 'nothing', does: 'read the issuer’s metadata' },
  'GET .well-known/jwks.json': { needs: 'nothing', does: 'read the issuer’s public keys' },
  'POST webhooks/gitea': { needs: 'signature', does: 'deliver a webhook' },
  'GET health/live': { needs: 'nothing', does: 'see whether the process answers' },
  'GET health/ready': { needs: 'nothing', does: 'see whether requests are served' },
  'GET metrics': { needs: 'loopback', does: 'read Prometheus metrics' },
  'OPTIONS api/v1/*': { needs: 'nothing', does: 'ask which origins may call (preflight)' },
  'GET api/v1/openapi.json': { needs: 'nothing', does: 'read the description of the API' },
  'GET api/v1/session': { needs: 'session', does: 'see who is signed in' },
  'DELETE api/v1/session': { needs: 'nothing', does: 'sign out' },
  'GET api/v1/events': { needs: 'view-each', does: 'follow changes as they happen' },
  [`GET ${repository}`]: { needs: 'view', does: 'see the repository’s overview' },
  [`GET ${repository}/runs`]: { needs: 'view', does: 'list runs' },
  [`POST ${repository}/runs`]: { needs: 'train', does: 'train; approve a fork’s commit' },
  [`GET ${repository}/runs/:run`]: { needs: 'view', does: 'see a run' },
  [`GET ${repository}/runs/:run/history`]: { needs: 'view', does: 'see metrics over steps' },
  [`GET ${repository}/runs/:run/tasks/:task/output`]: { needs: 'view', does: 'see the end of a log' },
  [`POST ${repository}/runs/:run/cancel`]: { needs: 'train', does: 'cancel a run' },
  [`POST ${repository}/runs/:run/retry`]: { needs: 'train', does: 'train the same commit again' },
  [`GET ${repository}/pulls/:index`]: { needs: 'view', does: 'see a pull request’s training' },
  [`GET ${repository}/models`]: { needs: 'view', does: 'see models and what is in production' },
  [`POST ${repository}/models/:model/plans`]: { needs: 'release', does: 'plan a promotion or rollback' },
  [`POST ${repository}/models/:model/releases`]: { needs: 'release', does: 'promote or roll back' },
  [`POST ${repository}/models/:model/hold/lift`]: { needs: 'release', does: 'lift a hold' },
  [`GET ${repository}/releases`]: { needs: 'view', does: 'list releases' },
  [`GET ${repository}/releases/:release`]: { needs: 'view', does: 'see a release' },
  [`POST ${repository}/releases/:release/finish`]: { needs: 'release', does: 'finish a half-done release' },
  [`POST ${repository}/releases/:release/undo`]: { needs: 'release', does: 'undo a half-done release' },
  [`GET ${repository}/audit`]: { needs: 'audit', does: 'read the audit log' },
  [`GET ${repository}/outbox/parked`]: { needs: 'administer', does: 'see what could not be delivered' },
  [`POST ${repository}/outbox/:message/retry`]: { needs: 'administer', does: 'send it once more' },
};

/** Every slash command, by its verb. */
export const commandActs = {
  train: { needs: 'train', does: 'train the head; approve a fork’s commit' },
  cancel: { needs: 'train', does: 'cancel the run that is under way' },
  retry: { needs: 'train', does: 'train the same commit again' },
  help: { needs: 'view', does: 'be told the commands' },
} as const satisfies Record<string, { needs: Right; does: string }>;

/** What somebody has: rights in the repository, and whether they are signed in here. */
export interface Standing {
  /** A heading. */
  title: string;
  /** What they are in Gitea. */
  means: string;
  signedIn: boolean;
  rights: readonly Right[];
}

const reader = ['view'] as const;
const writer = ['view', 'train', 'audit'] as const;
const all = ['view', 'train', 'audit', 'release'] as const;
const administrator = [...all, 'administer'] as const;

/** Everybody whom the matrix tells apart. The repository is private unless the standing says otherwise. */
export const standings = {
  anonymous: { title: 'nobody', means: 'not signed in', signedIn: false, rights: [] },
  outsider: {
    title: 'outsider',
    means: 'signed in, no access to the repository',
    signedIn: true,
    rights: [],
  },
  public: {
    title: 'outsider, public',
    means: 'signed in, no access of their own, but the repository is public',
    signedIn: true,
    rights: reader,
  },
  read: { title: 'read', means: 'may read the code', signedIn: true, rights: reader },
  fork: {
    title: 'fork author',
    means: 'may read, and opened a pull request from a fork of their own',
    signedIn: true,
    rights: reader,
  },
  write: {
    title: 'write',
    means: 'may push, but not merge into the protected production branch',
    signedIn: true,
    rights: writer,
  },
  merge: {
    title: 'merge',
    means: 'may push and is on the merge allow-list of the production branch',
    signedIn: true,
    rights: all,
  },
  admin: {
    title: 'admin',
    means:
      'administrator of the repository whose production branch is not protected, or who may merge into it',
    signedIn: true,
    rights: administrator,
  },
  site: {
    title: 'site admin',
    means: 'administrator of Gitea, under the same condition',
    signedIn: true,
    rights: administrator,
  },
  removed: {
    title: 'lost access',
    means: 'had write access when they signed in, and lost it since',
    signedIn: true,
    rights: [],
  },
  withdrawn: {
    title: 'withdrew',
    means: 'took back the grant in Gitea’s settings (or the account was disabled), session still open',
    signedIn: false,
    rights: [],
  },
} as const satisfies Record<string, Standing>;

export type StandingName = keyof typeof standings;

/**
 * What happens: `done`; `signed-out`: 401; `hidden`: 404, as for a repository that does not exist; `refused`: 403
 * with the missing permission and who can grant it.
 */
export type Outcome = 'done' | 'signed-out' | 'hidden' | 'refused';

/** The matrix itself, by the table above. `signature` and `loopback` say nothing about people: null. */
export function outcomeFor({ signedIn, rights }: Standing, needs: Need): Outcome | null {
  if (needs === 'nothing') return 'done';
  if (needs === 'signature' || needs === 'loopback') return null;
  if (!signedIn) return 'signed-out';
  if (needs === 'session') return 'done';
  if (!rights.includes('view')) return 'hidden';
  if (needs === 'view' || needs === 'view-each' || rights.includes(needs)) return 'done';
  return 'refused';
}
