/**
 * What differs between the releases of Gitea (and Forgejo) that the forge can show, as far as an extension may meet
 * it. Pages, API, OAuth and webhooks read these flags and compare no version. Each release says what changed since
 * the one before; it was read in that release's own source, and only 1.26 was recorded from a running Gitea.
 * Not shown: CSRF tokens (before 1.26), changes by way of the sidebar (a reload before 1.26, then replaced whole),
 * the inner DOM of the merge box (1.27), `url`, `content_type` and `metadata` of a hook (Forgejo).
 */

import type { Release } from './release.ts';

const noMergeDetection = ['has_code', 'allow_manual_merge', 'autodetect_manual_merge'];
const noneIsNull = { parent: null, repo_transfer: null };

const gitea122: Release = {
  name: 'Gitea 1.22',
  version: '1.22.6',
  isRecorded: false,
  source: 'release/v1.22',
  currentUrl: true,
  requestInContext: false,
  unitConstants: true,
  themeInContext: false,
  contentSecurityPolicy: false,
  referrerPolicy: 'no-referrer',
  script: 'footer',
  tabBar: 'in-container',
  homeSidebar: 'none',
  timeline: 'ui timeline',
  firstComment: 'first',
  endMark: false,
  mergeBox: 'merge box',
  mergeBoxPolling: 'never',
  issuerSlash: true,
  scopedGrants: false,
  hookTargetType: false,
  forgejoHeaders: false,
  pushRange: false,
  branchCount: false,
  fields: {
    repository: { absent: [...noMergeDetection, 'licenses', 'topics'], added: noneIsNull },
    pull: { absent: ['requested_reviewers_teams'] },
    issue: { absent: ['time_estimate'] },
    application: { absent: ['skip_secondary_authorization'] },
  },
};

const gitea123: Release = {
  ...gitea122,
  name: 'Gitea 1.23',
  version: '1.23.8',
  source: 'release/v1.23',
  homeSidebar: 'list',
  scopedGrants: true,
  fields: {
    repository: { absent: noMergeDetection, added: noneIsNull },
    issue: { absent: ['time_estimate'] },
  },
};

const gitea124: Release = {
  ...gitea123,
  name: 'Gitea 1.24',
  version: '1.24.7',
  source: 'release/v1.24',
  mergeBox: 'pull-merge-box',
  mergeBoxPolling: 'while-checking',
  hookTargetType: true,
  fields: {
    repository: { absent: noMergeDetection },
    pull: { omittedAtZero: ['review_comments'] },
    issue: { absent: ['time_estimate'] },
  },
};

const gitea125: Release = {
  ...gitea124,
  name: 'Gitea 1.25',
  version: '1.25.4',
  source: 'release/v1.25',
  issuerSlash: false,
  fields: { pull: { omittedAtZero: ['review_comments'] } },
};

/** As recorded in March 2026. The release of April has the mark `endMark` as well. */
const gitea126: Release = {
  ...gitea125,
  name: 'Gitea 1.26',
  version: '1.26.0',
  isRecorded: true,
  source: 'the recordings, and v1.26.0',
  currentUrl: false,
  requestInContext: true,
  themeInContext: true,
  referrerPolicy: 'same-origin',
  script: 'head',
  fields: {},
};

const gitea127: Release = {
  ...gitea126,
  name: 'Gitea 1.27',
  version: '1.27.3',
  isRecorded: false,
  source: 'v1.27.3; held against a running tree of 1.27.1 once',
  currentUrl: true,
  contentSecurityPolicy: true,
  script: 'footer',
  homeSidebar: 'sections',
  timeline: 'comment-list',
  firstComment: 'issue-content-comment',
  endMark: true,
  mergeBoxPolling: 'while-pending',
  pushRange: true,
  branchCount: true,
  fields: {
    repository: {
      added: {
        allow_merge_update: true,
        default_update_style: 'merge',
        mirror_last_sync_at: '0001-01-01T00:00:00Z',
      },
    },
    pull: { added: { content_version: 0 }, omittedAtZero: ['review_comments'] },
    issue: { added: { content_version: 0, projects: null } },
    hook: { added: { name: '' } },
  },
};

/** Forgejo went its own way from Gitea 1.22 on. */
const forgejo11: Release = {
  ...gitea122,
  name: 'Forgejo 11',
  version: '11.0.1+gitea-1.22.0',
  source: 'v11.0/forgejo; pages and headers held against a running 7.0.15 once',
  unitConstants: false,
  tabBar: 'container',
  scopedGrants: true,
  forgejoHeaders: true,
  fields: {
    repository: {
      absent: [...noMergeDetection, 'licenses', 'projects_mode'],
      added: { ...noneIsNull, globally_editable_wiki: false, default_update_style: 'merge' },
    },
    pull: { added: { flow: 0 } },
    issue: { absent: ['time_estimate'] },
    user: { added: { pronouns: '' } },
    application: { absent: ['skip_secondary_authorization'] },
  },
};

/** The table, by the names that people choose a release with. */
export const releases = {
  '1.22': gitea122,
  '1.23': gitea123,
  '1.24': gitea124,
  '1.25': gitea125,
  '1.26': gitea126,
  '1.27': gitea127,
  'forgejo-11': forgejo11,
} as const;

export type ForgeVersion = keyof typeof releases;
export const forgeVersions = Object.keys(releases) as ForgeVersion[];

/** Whether a name stands in the table. */
export function isForgeVersion(name: string): name is ForgeVersion {
  return Object.hasOwn(releases, name);
}

/** A release's name for people, which says where nothing was recorded. */
export function releaseTitle(version: ForgeVersion): string {
  const { name, isRecorded } = releases[version];
  return isRecorded ? name : `${name} (no recording)`;
}
