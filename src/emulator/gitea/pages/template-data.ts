/**
 * The data and functions that Gitea gives to its templates, as far as an extension may use them. What is absent
 * in a release is absent here too (see the table of releases); a missing key of `ctx` renders empty.
 * Longer than most modules: it is one list, to be held against Gitea's own.
 */

import { atLeast } from '../repository/permission.ts';
import { fullName, repositoryOwner } from '../repository/repositories.ts';
import type { Access, PullRow, RepositoryRow, UserRow } from '../store/rows.ts';
import { marshalJson } from '../template/escaper.ts';
import { GoFunction, GoStruct, SafeHtml } from '../template/value.ts';
import { icon } from './icon.ts';
import type { Viewer } from './viewer.ts';
import { accessOf } from './viewer.ts';

/** Gitea's unit types (models/unit): the constants behind `ctx.Consts.RepoUnitType…`. */
const unitTypes = {
  Code: 1,
  Issues: 2,
  PullRequests: 3,
  Releases: 4,
  Wiki: 5,
  Projects: 8,
  Packages: 9,
  Actions: 10,
};
const unitNames: Record<number, string> = {
  1: 'repo.code',
  2: 'repo.issues',
  3: 'repo.pulls',
  4: 'repo.releases',
  5: 'repo.wiki',
  8: 'repo.projects',
  9: 'repo.packages',
  10: 'repo.actions',
};

const method = <T>(value: () => T) => new GoFunction([], value);

function userData(viewer: Viewer, user: UserRow): GoStruct {
  return new GoStruct('*user.User', {
    ID: user.id,
    Name: user.name,
    LowerName: user.lowerName,
    FullName: user.fullName,
    Email: user.email,
    IsAdmin: user.isAdmin,
    HomeLink: method(() => `${viewer.subUrl}/${encodeURIComponent(user.name)}`),
    DisplayName: method(() => user.fullName || user.name),
    IsOrganization: method(() => user.kind === 'organisation'),
  });
}

function repositoryData(viewer: Viewer, repository: RepositoryRow): GoStruct {
  const owner = repositoryOwner(viewer.forge, repository);
  const link = `${viewer.subUrl}/${encodeURIComponent(owner.name)}/${encodeURIComponent(repository.name)}`;
  return new GoStruct('*repo.Repository', {
    ID: repository.id,
    OwnerID: repository.ownerId,
    OwnerName: owner.name,
    Owner: userData(viewer, owner),
    Name: repository.name,
    LowerName: repository.lowerName,
    FullName: method(() => fullName(viewer.forge, repository)),
    Link: method(() => link),
    HTMLURL: method(() => new URL(link, viewer.forge.settings.rootUrl).href),
    Description: repository.description,
    Website: repository.website,
    DefaultBranch: repository.defaultBranch,
    IsPrivate: repository.isPrivate,
    IsArchived: repository.isArchived,
    IsEmpty: repository.isEmpty,
    IsFork: repository.forkOf !== null,
    ForkID: repository.forkOf ?? 0,
    Topics: repository.topics,
  });
}

function permissionData(viewer: Viewer, repository: RepositoryRow): GoStruct {
  const reaches = (level: Access) =>
    new GoFunction(['int'], (unit: number) => atLeast(accessOf(viewer, repository, unitNames[unit]), level));
  const access = accessOf(viewer, repository);
  return new GoStruct('*access.Permission', {
    CanRead: reaches('read'),
    CanWrite: reaches('write'),
    IsAdmin: method(() => atLeast(access, 'admin')),
    IsOwner: method(() => access === 'owner'),
  });
}

function issueData(viewer: Viewer, pull: PullRow, repositoryLink: string): GoStruct {
  const author = viewer.forge.store.users.get(pull.authorId);
  return new GoStruct('*issues.Issue', {
    ID: pull.id,
    Index: pull.index,
    Title: pull.title,
    Content: pull.body,
    IsPull: true,
    IsClosed: pull.state === 'closed',
    Poster: author === undefined ? null : userData(viewer, author),
    Link: method(() => `${repositoryLink}/pulls/${pull.index}`),
    PullRequest: new GoStruct('*issues.PullRequest', {
      ID: pull.id,
      Index: pull.index,
      HeadBranch: pull.headBranch,
      BaseBranch: pull.baseBranch,
      MergeBase: pull.mergeBase,
      HasMerged: pull.isMerged,
      // Not loaded from git for templates, as in Gitea.
      HeadCommitID: '',
    }),
  });
}

/** What a page knows beside the viewer. `facts` are further keys, for example `PageIsViewCode`. */
export interface PageSubject {
  readonly repository?: RepositoryRow;
  readonly pull?: PullRow;
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** Gitea's ctx.Data for a page: the dot of every hook. */
export function templateData(viewer: Viewer, title: string, subject: PageSubject): Record<string, unknown> {
  const { user, forge } = viewer;
  const data: Record<string, unknown> = {
    Title: title,
    Link: viewer.subUrl + viewer.url.replace(/\?.*$/s, ''),
    IsSigned: user !== undefined,
    SignedUserID: user?.id ?? 0,
    SignedUserName: user?.name ?? '',
    IsAdmin: user?.isAdmin ?? false,
    ...subject.facts,
  };
  if (user !== undefined) data.SignedUser = userData(viewer, user);
  if (forge.settings.release.currentUrl) data.CurrentURL = viewer.subUrl + viewer.url;
  const { repository, pull } = subject;
  if (repository === undefined) return data;
  const described = repositoryData(viewer, repository);
  const link = (described.members.Link as GoFunction).call() as string;
  Object.assign(data, {
    Repository: described,
    Owner: described.members.Owner,
    RepoName: repository.name,
    RepoLink: link,
    Permission: permissionData(viewer, repository),
    CanWriteCode: atLeast(accessOf(viewer, repository, 'repo.code'), 'write'),
    CanWriteIssues: atLeast(accessOf(viewer, repository, 'repo.issues'), 'write'),
    CanWritePulls: atLeast(accessOf(viewer, repository, 'repo.pulls'), 'write'),
    CanWriteActions: atLeast(accessOf(viewer, repository, 'repo.actions'), 'write'),
  });
  if (pull !== undefined) {
    data.Issue = issueData(viewer, pull, link);
    data.HasIssuesOrPullsWritePermission = data.CanWritePulls;
  }
  return data;
}

/** The functions a hook may call, bound to the request. */
export function templateFunctions(viewer: Viewer): Record<string, unknown> {
  const { forge, subUrl } = viewer;
  const { release } = forge.settings;
  const [path = '', query = ''] = viewer.url.split(/\?(.*)/s);
  const context: Record<string, unknown> = {
    Locale: new GoStruct('translation.Locale', {
      Lang: 'en-US',
      Language: method(() => 'en-US'),
      Tr: new GoFunction(['string', 'any'], (key: string) => key, { variadic: true }),
    }),
  };
  if (release.unitConstants) {
    context.Consts = Object.fromEntries(
      Object.entries(unitTypes).map(([name, id]) => [`RepoUnitType${name}`, id]),
    );
  }
  if (release.themeInContext) {
    context.CurrentWebTheme = method(
      () => new GoStruct('*webtheme.ThemeMetaInfo', { InternalName: 'gitea-auto', DisplayName: 'Auto' }),
    );
  }
  if (release.requestInContext) {
    context._req = new GoStruct('*http.Request', {
      Method: 'GET',
      URL: new GoStruct('*url.URL', {
        Path: subUrl + path,
        RawQuery: query,
        RequestURI: method(() => subUrl + viewer.url),
        String: method(() => subUrl + viewer.url),
      }),
    });
  }
  if (release.contentSecurityPolicy) context.CspScriptNonce = method(() => viewer.nonce);
  return {
    ctx: method(() => new GoStruct('templates.Context', context, { open: true })),
    AppSubUrl: method(() => subUrl),
    AppUrl: method(() => forge.settings.rootUrl),
    AssetUrlPrefix: method(() => `${subUrl}/assets`),
    svg: new GoFunction(
      ['string', 'any'],
      (name: string, ...others: unknown[]) => {
        const size = others.find((other) => typeof other === 'number') as number | undefined;
        const classes = others.find((other) => typeof other === 'string') as string | undefined;
        return icon(name, size ?? 16, classes ?? '', forge.settings.customDir);
      },
      { variadic: true },
    ),
    dict: new GoFunction(['any'], makeDict, { variadic: true }),
    JsonUtils: method(
      () => new GoStruct('*templates.JsonUtils', { EncodeToString: new GoFunction(['any'], marshalJson) }),
    ),
    StringUtils: method(
      () =>
        new GoStruct('*templates.StringUtils', {
          Contains: new GoFunction(['string', 'string'], (text: string, part: string) => text.includes(part)),
          HasPrefix: new GoFunction(['string', 'string'], (text: string, part: string) =>
            text.startsWith(part),
          ),
          ToLower: new GoFunction(['string'], (text: string) => text.toLowerCase()),
        }),
    ),
    SafeHTML: new GoFunction(['string'], (text: string) => new SafeHtml(text)),
  };
}

function makeDict(...pairs: unknown[]): Record<string, unknown> {
  if (pairs.length % 2 !== 0) throw new Error('invalid dict constructor syntax: must have key-value pairs');
  const made: Record<string, unknown> = Object.create(null);
  for (let at = 0; at < pairs.length; at += 2) {
    const key = pairs[at];
    if (typeof key !== 'string')
      throw new Error(`invalid dict constructor syntax: unable to merge args[${at}]`);
    made[key] = pairs[at + 1];
  }
  return made;
}
