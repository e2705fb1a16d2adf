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
