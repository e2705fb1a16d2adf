import type { Person } from '../../contract/person.ts';
import type { ListedComment, RepositoryName } from '../gitea/forge.ts';

/** How a command ended; the reaction on its comment follows from it. */
export type CommandOutcome = 'done' | 'told' | 'refused' | 'not-understood';

/** What became of the command in one comment. */
export interface AnsweredCommand {
  /** Gitea's id of the comment. */
  comment: number;
  repository: number;
  pull: number;
  author: number;
  /** The first line, cut. */
  line: string;
  outcome: CommandOutcome;
  /** What the report says about it, in words; null: nothing. */
  note: string | null;
  /** Head of the pull request then: the note is shown as long as it is the head. */
  head: string;
}

/** Port: commands that were answered, each once. */
export interface CommandStore {
  find(comment: number): Promise<AnsweredCommand | null>;
  /** @throws when the comment was answered already: the transaction must not commit then */
  add(command: AnsweredCommand): Promise<void>;
  /** The newest of a pull request. */
  latest(repository: number, pull: number): Promise<AnsweredCommand | null>;
}

/** A comment as Gitea has it now. */
export interface CommentFacts {
  id: number;
  pull: number;
  author: Person | null;
  body: string;
}

export interface ChangedComment extends ListedComment {
  pull: number;
}

/** Port: comments of pull requests. */
export interface Comments {
  /** null: it is gone. */
  comment(repository: RepositoryName, id: number): Promise<CommentFacts | null>;
  /**
   * Comments on any pull request of the repository that were written or edited since, the ones written first first.
   *
   * @param since milliseconds since the epoch
   * @param bound about so many are read
   */
  changedSince(repository: RepositoryName, since: number, bound: number): Promise<ChangedComment[]>;
  /** Id of the bot itself. */
  ownId(): Promise<number>;
}
