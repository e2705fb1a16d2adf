import type { ChangedComment } from '../command/ports.ts';
import type { OpenPull } from '../gitea/forge.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';

/** What was read of one repository, to be compared with what is known here. */
export interface Look {
  repository: BoundRepository;
  /** Head of the production branch; null: there is no such branch. */
  head: string | null;
  open: readonly OpenPull[];
  /** Comments of pull requests that were written or edited since the last look, the ones written first first. */
  comments: readonly ChangedComment[];
  /** Something was pushed, opened or closed since the last look (or within the second of it), or there was none. */
  changed: boolean;
  now: Date;
}

/** One comparison with Gitea. It acts on what it finds; the same look may come again. */
export interface RepositoryCheck {
  check(look: Look): Promise<void>;
}

/** How much a look asks Gitea for, beyond what it asks of every repository. */
export const bounds = {
  /** Pull requests that are looked into because no delivery told of them; the others wait for the next look. */
  missedPulls: 50,
  /** Heads whose status is compared; the others have their turn in the next looks. */
  statuses: 20,
  /** Pull requests whose comments are counted anew because something happened there; likewise. */
  reports: 20,
  /** Comments that are read since the last look. */
  comments: 1_000,
};
