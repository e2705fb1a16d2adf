import { readCommit } from '../git/commits.ts';
import { canMerge } from '../protection/merge-decision.ts';
import { defaultMergeTitle } from '../pull/merge-commit.ts';
import { deletableHead } from '../pull/merge-pull.ts';
import { mayWritePull } from '../pull/pulls.ts';
import { latestStatuses } from '../pull/statuses.ts';
import { timeline } from '../pull/timeline.ts';
import { atLeast, permission } from '../repository/permission.ts';
import { fullName } from '../repository/repositories.ts';
import type { CommentRow, RepositoryRow, ReviewRow, UserRow } from '../store/rows.ts';
import type { SafeHtml } from '../template/value.ts';
import type { ClosedBoxView } from './closed-box.ts';
import type { CommentView } from './comment-box.ts';
import { timelineComment } from './comment-box.ts';
import { markdownOf } from './load-markdown.ts';
import type { MergeBoxView } from './merge-box.ts';
import type { PullSummary } from './pull-header.ts';
import type { PullSidebarView } from './pull-sidebar.ts';
import { repositoryLink } from './repository-header.ts';
import { timelineEvent } from './timeline-event.ts';
import type { Viewer } from './viewer.ts';

/** The conversation of a pull request, ready to be drawn. */
export interface ConversationView {
  readonly summary: PullSummary;
  readonly entries: readonly SafeHtml[];
  readonly sidebar: PullSidebarView;
  /** Absent when the pull request is closed, or the repository archived. */
  readonly merge: MergeBoxView | undefined;
  /** Absent when it is open or the repository archived, and when it is merged and its branch is gone or must stay. */
  readonly closed: ClosedBoxView | undefined;
  readonly mayComment: boolean;
}

/** Collects a pull request's timeline, merge box and sidebar for a viewer. */
export async function loadConversation(viewer: Viewer, summary: PullSummary): Promise<ConversationView> {
  const { forge, user } = viewer;
  const { repository, pull } = summary;
  const rows = timeline(forge, pull);
  const entries = await Promise.all(rows.map((entry) => drawEntry(viewer, summary, entry)));
  const first = await commentView(viewer, summary, {
    id: `issue-${pull.index}`,
    author: summary.author,
    body: pull.body,
    created: pull.created,
    editUrl: 'content',
  });
  const participants = new Set([pull.authorId, ...rows.map((entry) => entry.authorId)]);
  return {
    summary,
    entries: [timelineComment(viewer, first, true), ...entries],
    sidebar: {
      pull,
      fullName: fullName(forge, repository),
      repositoryLink: repositoryLink(viewer, repository),
      reviewers: newestVerdicts(viewer, pull.id),
      participants: [...participants]
        .map((id) => forge.store.users.get(id))
        .filter((one) => one !== undefined),
    },
    merge: pull.state === 'closed' || repository.isArchived ? undefined : await loadMergeBox(viewer, summary),
    closed: await loadClosedBox(viewer, summary),
    mayComment: user !== undefined && !repository.isArchived,
  };
}

async function loadClosedBox(
  viewer: Viewer,
  { repository, pull }: PullSummary,
): Promise<ClosedBoxView | undefined> {
  if (pull.state !== 'closed' || repository.isArchived) return undefined;
  const mayDeleteBranch = (await deletableHead(viewer.forge, viewer.user, pull)) !== undefined;
  if (pull.isMerged && !mayDeleteBranch) return undefined;
  const pullLink = `${repositoryLink(viewer, repository)}/pulls/${pull.index}`;
  return { pull, pullLink, mayDeleteBranch, release: viewer.forge.settings.release };
}

/** The merge box alone: 1.27 asks for it again and again. */
export async function loadMergeBox(
  viewer: Viewer,
  { repository, pull }: Pick<PullSummary, 'repository' | 'pull'>,
): Promise<MergeBoxView> {
  const { forge, user } = viewer;
  const decision = await canMerge(forge, user, pull);
  const pullLink = `${repositoryLink(viewer, repository)}/pulls/${pull.index}`;
  return {
    pull,
    pullLink,
    decision,
    statuses: latestStatuses(forge, repository, pull.headSha),
    mergeTitle: defaultMergeTitle(forge, pull, 'merge'),
    mergeMessage: `Reviewed-on: ${new URL(pullLink, forge.settings.rootUrl).href}\n`,
    mayUpdate: user !== undefined && mayWritePull(forge, user, pull),
    isBehind: decision.mergeability.mergeBase !== decision.mergeability.baseSha,
    mayDeleteBranch:
      pull.headRepositoryId === repository.id && atLeast(permission(forge, user, repository), 'write'),
    release: forge.settings.release,
  };
}

function newestVerdicts(viewer: Viewer, pullId: number): { user: UserRow; review: ReviewRow }[] {
  const { store } = viewer.forge;
  const newest = new Map<number, ReviewRow>();
  for (const review of store.reviews.list({ pullId })) {
    const earlier = newest.get(review.authorId);
    const isVerdict = review.state === 'APPROVED' || review.state === 'REQUEST_CHANGES';
    if (review.isDismissed || (earlier !== undefined && review.state === 'COMMENT')) continue;
    if (isVerdict || earlier === undefined || review.state === 'REQUEST_REVIEW')
      newest.set(review.authorId, review);
  }
  return [...newest.values()].map((review) => ({ user: store.users.get(review.authorId)!, review }));
}

function rolesOf(viewer: Viewer, summary: PullSummary, author: UserRow, isFirst: boolean): string[] {
  const roles: string[] = [];
  if (!isFirst && author.id === summary.pull.authorId) roles.push('Author');
  const access = permission(viewer.forge, author, summary.repository);
  if (access === 'owner') roles.push('Owner');
  else if (atLeast(access, 'write')) roles.push('Collaborator');
  return roles;
}

async function commentView(
  viewer: Viewer,
  summary: PullSummary,
  comment: {
    id: string;
    author: UserRow;
    body: string;
    created: number;
    entry?: CommentRow;
    editUrl?: string;
  },
): Promise<CommentView> {
  const { forge, user } = viewer;
  const { repository, pull } = summary;
  const link = repositoryLink(viewer, repository);
  const { entry } = comment;
  const mayEdit = user !== undefined && (user.id === comment.author.id || mayWrite(viewer, repository));
  const address =
    entry === undefined ? `${link}/issues/${pull.index}/content` : `${link}/comments/${entry.id}`;
  return {
    id: comment.id,
    author: comment.author,
    created: comment.created,
    says: entry?.kind === 'review' ? 'left a comment' : undefined,
    roles: rolesOf(viewer, summary, comment.author, entry === undefined),
    body: await markdownOf(viewer, repository, comment.body),
    raw: comment.body,
    editUrl: mayEdit && entry?.kind !== 'review' ? address : undefined,
    deleteUrl: mayEdit && entry?.kind === 'comment' ? `${address}/delete` : undefined,
    pullLink: new URL(`${link}/pulls/${pull.index}`, forge.settings.rootUrl).href,
  };
}

function mayWrite(viewer: Viewer, repository: RepositoryRow): boolean {
  return atLeast(permission(viewer.forge, viewer.user, repository, 'repo.pulls'), 'write');
}

async function drawEntry(viewer: Viewer, summary: PullSummary, entry: CommentRow): Promise<SafeHtml> {
  const { store, git } = viewer.forge;
  const { repository, pull } = summary;
  const author = store.users.get(entry.authorId)!;
  const id = `issuecomment-${entry.id}`;
  const view = () =>
    commentView(viewer, summary, { id, author, body: entry.body, created: entry.created, entry });
  if (entry.kind === 'comment') return timelineComment(viewer, await view());
  const pushed = entry.kind === 'push' ? ((entry.data.commits ?? []) as string[]) : [];
  const commits = await Promise.all(
    pushed.map(async (sha) => ({
      commit: await readCommit(git, repository, sha),
      statuses: latestStatuses(viewer.forge, repository, sha),
    })),
  );
  return timelineEvent(viewer, {
    entry,
    author,
    pull,
    repositoryLink: repositoryLink(viewer, repository),
    commits,
    review: entry.reviewId === null ? undefined : store.reviews.get(entry.reviewId),
    comment: entry.kind === 'review' && entry.body.trim() !== '' ? await view() : undefined,
  });
}
