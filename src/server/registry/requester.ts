import type { Person } from '../../contract/person.ts';
import type { Actor } from '../audit/entry.ts';
import type { Act } from '../identity/role.ts';

/** Who asks for a release; a merge promotes in the name of whoever merged. Recorded with the release. */
export interface ReleaseRequester {
  person: Person | null;
  /** This person asks in a session of their own; not by a merge. */
  inPerson?: boolean;
  actor: Actor;
  requestId: string | null;
  /** When it was asked for, ISO 8601. */
  at: string;
}

/** The same before the registry has read its clock. */
export type Asking = Omit<ReleaseRequester, 'at'>;

/** What somebody asks now. */
export function asked(asking: Asking, now: Date): ReleaseRequester {
  return { ...asking, at: now.toISOString() };
}

/** What is asked for. */
export interface WantedRelease {
  kind: 'promotion' | 'rollback';
  toVersion: number;
  /** The plan that was confirmed; null: a merge, which was judged just now. */
  digest: string | null;
  reason: string | null;
  approvals: string[];
}

/** How long what was asked for in person is done in that person's name, milliseconds: a restart fits in. */
const presenceMs = 10 * 60_000;

/** Gitea's id of whoever releases in a session of their own, while that is fresh. */
export function personOf(
  { inPerson, person, at }: Pick<ReleaseRequester, 'inPerson' | 'person' | 'at'>,
  now: Date,
): Pick<Act, 'person'> {
  const fresh = now.getTime() - Date.parse(at) < presenceMs;
  return inPerson && fresh && person ? { person: person.id } : {};
}
