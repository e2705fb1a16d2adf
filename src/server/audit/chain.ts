import { createHash } from 'node:crypto';
import type { AuditEntry } from '../../contract/audit.ts';
import type { AuditDraft } from './entry.ts';

/** Hash before the first entry. */
export const chainStart = '0'.repeat(64);

/** What the store holds of one link; `body` is the canonical JSON that the hash covers. */
export interface ChainLink {
  sequence: number;
  body: string;
  previousHash: string;
  hash: string;
}

/** JSON with sorted keys, no white space and no undefined values: one text for one value (as RFC 8785 does it). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

function hashOf(previousHash: string, body: string): string {
  return createHash('sha256').update(previousHash).update(body).digest('hex');
}

/**
 * The next link of the chain.
 *
 * @param previous sequence and hash of the newest link; null for the first
 * @param at when it happened
 */
export function nextLink(
  previous: { sequence: number; hash: string } | null,
  at: Date,
  draft: AuditDraft,
): ChainLink & { entry: Omit<AuditEntry, 'hash'> } {
  const entry = {
    sequence: (previous?.sequence ?? 0) + 1,
    at: at.toISOString(),
    action: draft.action,
    outcome: draft.outcome,
    actor: {
      kind: draft.actor.kind,
      id: draft.actor.kind === 'person' ? draft.actor.id : null,
      name: draft.actor.name,
    },
    repository: draft.repository ?? null,
    ref: draft.ref ?? null,
    commit: draft.commit ?? null,
    pull: draft.pull ?? null,
    approval: draft.approval ?? null,
    principal: draft.principal ?? null,
    subject: draft.subject,
    detail: draft.detail ?? {},
    requestId: draft.requestId ?? null,
  };
  const previousHash = previous?.hash ?? chainStart;
  const body = canonicalJson(entry);
  return { sequence: entry.sequence, body, previousHash, hash: hashOf(previousHash, body), entry };
}

/** What came of checking a chain. */
export interface ChainCheck {
  intact: boolean;
  /** How many entries were checked. */
  entries: number;
  /** Hash of the newest entry. */
  head: string;
  /** Sequence of the first entry that is edited, missing or out of order; null when intact. */
  brokenAt: number | null;
}

/**
 * Checks every link, oldest first: sequences without a gap, each hash over its body and the hash before it.
 * What it cannot see: a chain cut off at its end, or written anew from some point on; compare `head` with one
 * that was kept elsewhere.
 */
export async function verifyChain(
  links: AsyncIterable<ChainLink> | Iterable<ChainLink>,
): Promise<ChainCheck> {
  let head = chainStart;
  let entries = 0;
  for await (const link of links) {
    const sequence = entries + 1;
    const intact =
      link.sequence === sequence &&
      link.previousHash === head &&
      link.hash === hashOf(head, link.body) &&
      sequenceOf(link.body) === sequence;
    if (!intact) return { intact: false, entries, head, brokenAt: sequence };
    head = link.hash;
    entries = sequence;
  }
  return { intact: true, entries, head, brokenAt: null };
}

function sequenceOf(body: string): number | null {
  try {
    const parsed: unknown = JSON.parse(body);
    return parsed !== null && typeof parsed === 'object' && 'sequence' in parsed
      ? Number(parsed.sequence)
      : null;
  } catch {
    return null;
  }
}
