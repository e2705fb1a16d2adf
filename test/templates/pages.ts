/** Gitea's pages as their data differs for templates, and the releases as their data and functions differ. */

/** What a repository holds; the names are those of Gitea's own fields. */
export interface RepositoryData {
  ID: number;
  OwnerName: string;
  Name: string;
  DefaultBranch: string;
  Description: string;
  IsArchived: boolean;
  IsEmpty: boolean;
  Topics: string[] | null;
}

export interface TemplatePage {
  name: string;
  /** Path and query below the sub-path. */
  url: string;
  /** Keys of ctx.Data beside repository and issue. */
  data: Record<string, unknown>;
  repository?: RepositoryData;
  issue?: { Index: number; Title: string; IsPull: boolean };
}

const bound: RepositoryData = {
  ID: 7,
  OwnerName: 'ml',
  Name: 'wine',
  DefaultBranch: 'main',
  Description: 'Wine quality',
  IsArchived: false,
  IsEmpty: false,
  Topics: ['data', 'databricks'],
};
const other = { ...bound, Topics: null };
const nobody = { IsSigned: false, SignedUserID: 0 };
const wendy = { IsSigned: true, SignedUserID: 3, SignedUserName: 'wendy', CanWriteCode: true };
const rita = { IsSigned: true, SignedUserID: 4, SignedUserName: 'rita', CanWriteCode: false };
const code = { PageIsViewCode: true, TreePath: '', BranchName: 'main' };
const pull = { Index: 4, Title: 'Use fewer trees', IsPull: true };

/** Breaks out of text, attributes, addresses, scripts and styles, were it not escaped. */
export const hostile = {
  name: `"><script>alert(1)</script>`,
  branch: `x' onload=alert(2) y="z\` ){}</style><img src=x onerror=alert(3)>`,
  owner: `javascript:alert(4)//`,
  title: `</title><script>alert(5)</script>{{.Secret}}`,
};

const onPull = (url: string, page: string, data: object = wendy): TemplatePage => ({
  name: `pull request, ${page}`,
  url,
  data: { ...data, [`PageIsPull${page[0]!.toUpperCase()}${page.slice(1)}`]: true, PageIsPullList: true },
  repository: bound,
  issue: pull,
});

export const pages: TemplatePage[] = [
  { name: 'sign-in', url: '/user/login', data: nobody },
  {
    name: 'sign-in that leads to the tab',
    url: '/user/login?redirect_to=%2fml%2fwine%3ftab=databricks',
    data: nobody,
  },
  { name: 'consent', url: '/login/oauth/authorize?client_id=a&tab=databricks', data: wendy },
  { name: 'profile', url: '/wendy?tab=databricks', data: wendy },
  { name: 'home', url: '/ml/wine', data: { ...wendy, ...code }, repository: bound },
  { name: 'home, reader', url: '/ml/wine', data: { ...rita, ...code }, repository: bound },
  { name: 'home, signed out', url: '/ml/wine', data: { ...nobody, ...code }, repository: bound },
  { name: 'home without topic', url: '/ml/wine', data: { ...wendy, ...code }, repository: other },
  {
    name: 'home, empty repository',
    url: '/ml/wine',
    data: { ...wendy, PageIsViewCode: true, IsEmptyRepo: true },
    repository: { ...bound, IsEmpty: true, DefaultBranch: '' },
  },
  {
    name: 'home, archived repository',
    url: '/ml/wine',
    data: { ...wendy, ...code, CanWriteCode: false },
    repository: { ...bound, IsArchived: true },
  },
  {
    name: 'folder',
    url: '/ml/wine/src/branch/main/data',
    data: { ...wendy, ...code, TreePath: 'data' },
    repository: bound,
  },
  {
    name: 'branches',
    url: '/ml/wine/branches',
    data: { ...wendy, PageIsViewCode: true, PageIsBranches: true },
    repository: bound,
  },
  {
    name: 'commits',
    url: '/ml/wine/commits/branch/main',
    data: { ...wendy, ...code, PageIsCommits: true },
    repository: bound,
  },
  {
    name: 'commit',
    url: '/ml/wine/commit/30b362aa8ce5f666430d63f1a9e424d55e6be7b8',
    data: { ...wendy, PageIsDiff: true, CommitID: '30b362aa8ce5f666430d63f1a9e424d55e6be7b8' },
    repository: bound,
  },
  { name: 'settings', url: '/ml/wine/settings', data: wendy, repository: bound },
  { name: 'tab', url: '/ml/wine?tab=databricks', data: { ...wendy, ...code }, repository: bound },
  {
    name: 'tab, second key',
    url: '/ml/wine?a=b&tab=databricks',
    data: { ...wendy, ...code },
    repository: bound,
  },
  {
    name: 'tab, signed out',
    url: '/ml/wine?tab=databricks',
    data: { ...nobody, ...code },
    repository: bound,
  },
  {
    name: 'tab without topic',
    url: '/ml/wine?tab=databricks',
    data: { ...wendy, ...code },
    repository: other,
  },
  {
    name: 'tab, empty repository',
    url: '/ml/wine?tab=databricks',
    data: { ...wendy, PageIsViewCode: true, IsEmptyRepo: true },
    repository: { ...bound, IsEmpty: true, DefaultBranch: '' },
  },
  {
    name: 'tab, archived repository',
    url: '/ml/wine?tab=databricks',
    data: { ...wendy, ...code, CanWriteCode: false },
    repository: { ...bound, IsArchived: true },
  },
  onPull('/ml/wine/pulls/4', 'conversation'),
  onPull('/ml/wine/pulls/4/commits', 'commits'),
  onPull('/ml/wine/pulls/4/files', 'files'),
  { ...onPull('/ml/wine/pulls/4', 'conversation', nobody), name: 'pull request, signed out' },
  {
    name: 'issue',
    url: '/ml/wine/issues/5',
    data: { ...wendy, PageIsIssueList: true },
    repository: bound,
    issue: { Index: 5, Title: 'Too many trees', IsPull: false },
  },
  ...(['home', 'tab', 'pull request'] as const).map((kind) => ({
    name: `hostile ${kind}`,
    url:
      kind === 'tab'
        ? `/ml/wine?tab=databricks"><script>alert(6)</script>`
        : `/ml/wine?x='"><script>alert(7)</script>`,
    data: {
      ...wendy,
      ...(kind === 'pull request' ? { PageIsPullConversation: true } : code),
      Title: hostile.title,
    },
    repository: { ...bound, OwnerName: hostile.owner, Name: hostile.name, DefaultBranch: hostile.branch },
    ...(kind === 'pull request' && { issue: { ...pull, Title: hostile.title } }),
  })),
];

/** What releases give their templates: up to 1.25 and Forgejo the address, 1.26 the request, 1.27 both and a nonce. */
export const kinds = {
  'up to 1.25': { CurrentURL: true, Request: false, Nonce: false },
  '1.26': { CurrentURL: false, Request: true, Nonce: false },
  '1.27': { CurrentURL: true, Request: true, Nonce: true },
  'neither address nor request': { CurrentURL: false, Request: false, Nonce: false },
} as const;
export type Kind = keyof typeof kinds;
