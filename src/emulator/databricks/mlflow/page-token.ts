import { createHash } from 'node:crypto';
import { invalid } from '../errors.ts';

/** Identifies the question that a token continues: another question's token is refused. */
function fingerprint(question: unknown): string {
  return createHash('sha256').update(JSON.stringify(question)).digest('base64url').slice(0, 12);
}

/** An opaque token for the rows from `offset` on of the answer to `question` (any JSON value). */
export function pageToken(offset: number, question: unknown): string {
  return Buffer.from(JSON.stringify({ offset, of: fingerprint(question) })).toString('base64url');
}

/**
 * The offset that a token stands for; 0 without a token.
 * @throws ApiError 400 when the token is broken or belongs to another question.
 */
export function pageOffset(token: string | undefined, question: unknown): number {
  if (token === undefined) return 0;
  try {
    const { offset, of } = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (Number.isSafeInteger(offset) && offset >= 0 && of === fingerprint(question)) return offset;
  } catch {
    // Not one of ours: the same refusal.
  }
  throw invalid(`Invalid page token '${token}': it was not returned for this query.`);
}
