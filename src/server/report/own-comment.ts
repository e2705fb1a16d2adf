import { createHash } from 'node:crypto';
import type { ListedComment } from '../gitea/forge.ts';
import { reportMarker } from './render-report.ts';

/** sha-256 of a comment's text, as it is remembered. */
export const digestOf = (body: string): string => createHash('sha256').update(body).digest('hex');

/**
 * Those that are ours: written by the bot, with the marker or remembered (somebody may have edited the marker away).
 * What others wrote is never ours, whatever it says. The remembered one comes first, then the oldest.
 *
 * @param own Gitea's id of the bot
 */
export function ownOf<C extends Pick<ListedComment, 'id' | 'author' | 'body'>>(
  comments: readonly C[],
  own: number,
  remembered: number | null,
): C[] {
  const rank = ({ id }: C) => (id === remembered ? 0 : 1);
  return comments
    .filter(({ id, author, body }) => author === own && (id === remembered || body.includes(reportMarker)))
    .sort((one, other) => rank(one) - rank(other) || one.id - other.id);
}
