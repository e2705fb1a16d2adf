/**
 * What differs between the releases of Gitea (and Forgejo) that the forge can show, as far as an extension may meet
 * it. Pages, API, OAuth and webhooks read these flags and compare no version. Each release says what changed since
 * the one before; it was read in that release's own source, and only 1.26 was recorded from a running Gitea.
 * Not shown: CSRF tokens (before 1.26), changes by way of the sidebar (a reload before 1.26, then replaced whole),
 * the inner DOM of the merge box (1.27), `url`, `content_type` and `metadata` of a hook (Forgejo).
 */

/** Fields that the recorded 1.26 shows and a release does not, and the other way round. */
export interface FieldChanges {
  readonly absent?: readonly string[];
  /** With the value that they have in this forge. */
  readonly added?: Readonly<Record<string, unknown>>;
  /** Left out where the number is 0. */
  readonly omittedAtZero?: readonly string[];
}

export type DescribedThing = 'repository' | 'pull' | 'issue' | 'user' | 'hook' | 'application';

/** A release as the forge shows it. */
export interface Release {
  readonly name: string;
  /** What `/api/v1/version` answers. */
  readonly version: string;
  /** Whether the forge was held against recordings of a running one. */
  readonly isRecorded: boolean;
  /** The tree in which the differences were read. */
  readonly source: string;

  /** Templates: `.CurrentURL` is there. */
  readonly currentUrl: boolean;
  /** Templates: the request is there as `ctx._req`. */
  readonly requestInContext: boolean;
  /** Templates: `ctx.Consts`, the numbers of units. */
  readonly unitConstants: boolean;
  /** Templates: `ctx.CurrentWebTheme`. */
  readonly themeInContext: boolean;
  /** A `<meta>` policy comes first in the head, and `ctx.CspScriptNonce` gives its nonce. */
  readonly contentSecurityPolicy: boolean;

  readonly referrerPolicy: 'no-referrer' | 'same-origin';
  /** Where the page's own script stands. `custom/footer` comes after it in any case. */
  readonly script: 'head' | 'footer';
  /** The bar of a repository's tabs stands in a container, or is one itself. */
  readonly tabBar: 'in-container' | 'container';
  /** The sidebar of a repository's home: none, a list of items, or sections with dividers. */
  readonly homeSidebar: 'none' | 'list' | 'sections';
  /** The parent of a conversation's items, below `.issue-content-left`. */
  readonly timeline: 'ui timeline' | 'comment-list';
  /** The class of a conversation's first comment, the description. */
  readonly firstComment: 'first' | 'issue-content-comment';
  /** A hidden item with the id `timeline-comments-end` stands after the last comment. */
  readonly endMark: boolean;
  readonly mergeBox: 'merge box' | 'pull-merge-box';
  /**
   * When the merge box is asked for again and replaced whole: never, while git checks for conflicts (which takes
   * this forge no time), or every 5 s while checks are pending.
   */
  readonly mergeBoxPolling: 'never' | 'while-checking' | 'while-pending';

  /** The issuer of tokens ends with a slash, as ROOT_URL does. */
  readonly issuerSlash: boolean;
  /** An OAuth token may do what its scopes say; before, everything. */
  readonly scopedGrants: boolean;

  /** Deliveries name the kind of their hook: `X-Gitea-Hook-Installation-Target-Type`. */
  readonly hookTargetType: boolean;
  /** Deliveries carry `X-Forgejo-…` beside `X-Gitea-…`. */
  readonly forgejoHeaders: boolean;
  /** A delivery about a push to a pull request names the commits before and after it. */
  readonly pushRange: boolean;
  /** A repository says how many branches it has. */
  readonly branchCount: boolean;
  readonly fields: Readonly<Partial<Record<DescribedThing, FieldChanges>>>;
}

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

/** A thing of the API with the fields that the release shows. */
export function withFieldsOf<T extends object>(release: Release, thing: DescribedThing, json: T): T {
  const changes = release.fields[thing];
  if (changes === undefined) return json;
  const { absent = [], added = {}, omittedAtZero = [] } = changes;
  const kept = Object.entries(json).filter(
    ([name, value]) => !absent.includes(name) && !(value === 0 && omittedAtZero.includes(name)),
  );
  const more = Object.entries(added).filter(([name]) => !(name in json));
  return Object.fromEntries([...kept, ...more]) as T;
}
