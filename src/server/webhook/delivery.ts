import { createHash } from 'node:crypto';

/** What a webhook says. A hint only: who acts on it reads the truth from Gitea. */
export interface Delivery {
  event: string;
  eventType: string;
  repositoryId: number;
  push: { ref: string; before: string; after: string } | null;
  pull: { action: string; index: number; head: string; merged: boolean; updatedAt: string } | null;
  comment: DeliveredComment | null;
}

/** A comment on a pull request. */
export interface DeliveredComment {
  action: string;
  id: number;
  /** Of the pull request. */
  index: number;
  /** Gitea's id of its author. */
  author: number;
  body: string;
  /** Head of the pull request when the comment was written; empty where the delivery does not say. */
  head: string;
}

type Fields = Record<string, unknown>;
const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const id = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;

/** @returns null when a field that every delivery of this event has is missing */
export function parseDelivery(event: string, eventType: string, payload: unknown): Delivery | null {
  const body = fields(payload);
  const repositoryId = id(fields(body.repository).id);
  if (repositoryId === null) return null;
  const delivery: Delivery = { event, eventType, repositoryId, push: null, pull: null, comment: null };
  if (event === 'push') {
    const [ref, before, after] = [text(body.ref), text(body.before), text(body.after)];
    if (ref === null || before === null || after === null) return null;
    delivery.push = { ref, before, after };
  } else if (event === 'pull_request') {
    const pull = fields(body.pull_request);
    const [action, index, head] = [text(body.action), id(body.number), text(fields(pull.head).sha)];
    if (action === null || index === null || head === null) return null;
    const updatedAt = text(pull.updated_at) ?? '';
    delivery.pull = { action, index, head, merged: pull.merged === true, updatedAt };
  } else if (event === 'issue_comment' && body.is_pull === true) {
    const comment = commentOf(body);
    if (comment === null) return null;
    delivery.comment = comment;
  }
  return delivery;
}

function commentOf(body: Fields): DeliveredComment | null {
  const comment = fields(body.comment);
  const [action, index, number] = [text(body.action), id(fields(body.issue).number), id(comment.id)];
  const [written, head] = [text(comment.body), text(fields(fields(body.pull_request).head).sha)];
  if (action === null || index === null || number === null || written === null) return null;
  // Gitea shows authors that are gone with ids below 1: nobody can have asked for anything then.
  return {
    action,
    id: number,
    index,
    author: id(fields(comment.user).id) ?? 0,
    body: written,
    // Releases that leave the pull request out: a fork's commit has to be named then.
    head: head ?? '',
  };
}

/**
 * sha-256 of what makes two deliveries the same. A redelivery from Gitea's pages has a new UUID and the same
 * content. The time of the pull request's update belongs to it: a head can come back by a force push, and a pull
 * request can be closed twice.
 */
export function contentKey({ event, eventType, repositoryId, push, pull, comment }: Delivery): string {
  if (comment) return digest([repositoryId, event, comment.action, comment.id]);
  const content = push
    ? [repositoryId, event, push.ref, push.before, push.after]
    : pull
      ? [repositoryId, event, eventType, pull.action, pull.index, pull.head, pull.merged, pull.updatedAt]
      : [repositoryId, event, eventType];
  return digest(content);
}

function digest(content: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}
