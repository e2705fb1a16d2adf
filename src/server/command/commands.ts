/**
 * Slash commands. Longer than most modules because a command has one way from the comment to the answer, and each
 * refusal on it is told in words.
 */
import type { Person } from '../../contract/person.ts';
import type { AuditLog } from '../audit/entry.ts';
import type { Forge, PullFacts } from '../gitea/forge.ts';
import { ProblemError } from '../http/problem.ts';
import type { OutboxStore } from '../outbox/ports.ts';
import type { BoundRepositories, BoundRepository } from '../permission/bound-repository.ts';
import type { CommenterAccess } from '../permission/commenter-access.ts';
import { commandActs } from '../permission/matrix.ts';
import type { Transactor } from '../store/transactor.ts';
import type { AlsoCommitted, RequestedBy, RunActionsService } from '../training/actions.ts';
import type { Configurations } from '../training/configurations.ts';
import type { Run, RunStore } from '../training/ports.ts';
import { isFinal } from '../training/transitions.ts';
import type { CommandIntent } from '../webhook/decide.ts';
import { helpText } from './help.ts';
import type { Command, ParsedComment } from './parse-command.ts';
import { parseComment } from './parse-command.ts';
import type { AnsweredCommand, CommandOutcome, CommandStore, Comments } from './ports.ts';
import { typedParameters } from './typed-parameters.ts';

/**
 * A fork's commit that came in less than this before the comment may be another than the one that its author has
 * read (ms): Gitea's page does not change under a reader when somebody pushes.
 */
const lookTime = 5 * 60_000;

export interface CommandStores {
  commands: CommandStore;
  outbox: Pick<OutboxStore, 'enqueue'>;
  audit: AuditLog;
}

export interface CommandOptions {
  transactor: Transactor<CommandStores>;
  repositories: Pick<BoundRepositories, 'current'>;
  comments: Comments;
  forge: Pick<Forge, 'pull'>;
  access: CommenterAccess;
  configurations: Pick<Configurations, 'read'>;
  runs: Pick<RunStore, 'ofPull'>;
  actions: Pick<RunActionsService, 'train' | 'cancel' | 'retry'>;
  /** Wakes the outbox. */
  wake(): void;
}

/** Reactions that Gitea knows (`[ui] REACTIONS`). */
export const reactionOf: Record<CommandOutcome, string> = {
  done: 'rocket',
  told: '+1',
  refused: '-1',
  'not-understood': 'confused',
};

/** "/databricks train" */
function shortly(line: string): string {
  return line.split(/\s+/, 2).join(' ').slice(0, 30);
}

/** One command on its way. */
interface Case {
  repository: BoundRepository;
  pull: PullFacts;
  comment: number;
  author: Person;
  line: string;
  /** Head of the pull request when the comment was written, as Gitea's signed delivery says; it may say nothing. */
  seenHead: string;
  receivedAt: string;
}

/**
 * Carries out commands in comments of pull requests, each comment once. The delivery is a hint: comment, author and
 * pull request are read from Gitea, and a comment that does not say any more what was delivered does nothing. The
 * answer is a reaction on the comment and, where there is something to say, a note in the report.
 */
export class Commands {
  readonly #options: CommandOptions;

  constructor(options: CommandOptions) {
    this.#options = options;
  }

  /** @returns what came of it, in words */
  async handle(intent: CommandIntent, receivedAt: string): Promise<string> {
    const read = await this.#read(intent, receivedAt);
    return typeof read === 'string' ? read : await this.#answered(read.one, read.parsed);
  }

  /** Like `handle` for a comment that was found long after it was written: says so instead. */
  async tooLate(intent: CommandIntent, writtenAt: string): Promise<string> {
    const read = await this.#read(intent, writtenAt);
    if (typeof read === 'string') return read;
    const words =
      'nothing was done, for it reached Databricks too late. Write it again if it is still wanted.';
    return await this.#tell(read.one, 'not-understood', words);
  }

  /** The comment as Gitea has it now; words: there is nothing to do about it. */
  async #read(
    intent: CommandIntent,
    receivedAt: string,
  ): Promise<{ one: Case; parsed: ParsedComment } | string> {
    const { transactor, comments, forge } = this.#options;
    if (await transactor.stores.commands.find(intent.comment)) return 'answered already';
    const repository = await this.#options.repositories.current(intent.repositoryId);
    if (!repository) return 'not bound';
    const comment = await comments.comment(repository, intent.comment);
    if (!comment) return 'the comment is gone';
    if (comment.pull !== intent.index || comment.author?.id !== intent.author) return 'another comment';
    if (comment.body !== intent.body) return 'the comment was edited';
    if (comment.author.id === (await comments.ownId())) return 'a comment of the bot';
    const parsed = parseComment(comment.body);
    const pull = parsed && (await forge.pull(repository, intent.index));
    if (!parsed || !pull) return 'no command';
    const one: Case = {
      repository,
      pull,
      comment: comment.id,
      author: comment.author,
      line: (comment.body.split(/[\r\n]/, 1)[0] ?? '').slice(0, 200),
      seenHead: intent.head,
      receivedAt,
    };
    return { one, parsed };
  }

  async #answered(one: Case, parsed: ParsedComment): Promise<string> {
    const refusal = await this.#refusal(one, 'fault' in parsed ? 'help' : parsed.command.verb);
    if (refusal !== null) return await this.#tell(one, 'refused', refusal.reason, refusal.code);
    if ('fault' in parsed) return await this.#tell(one, 'not-understood', parsed.fault);
    try {
      const outcome = await this.#carryOut(one, parsed.command);
      await this.#ensureRecorded(one);
      return outcome;
    } catch (error) {
      if (!(error instanceof ProblemError) || error.status >= 500) throw error;
      const { errors = [] } = error.extra;
      const words = errors.length > 0 ? errors.map(({ message }) => message).join(' ') : error.message;
      return await this.#tell(one, 'not-understood', words);
    }
  }

  async #refusal(one: Case, verb: Command['verb']): Promise<{ code: string; reason: string } | null> {
    const { needs } = commandActs[verb];
    const permission = (await this.#options.access.of(one.author, one.repository))[needs];
    return permission.allowed ? null : permission;
  }

  async #carryOut(one: Case, command: Command): Promise<string> {
    const { actions } = this.#options;
    const { repository } = one;
    const by = this.#by(one);
    switch (command.verb) {
      case 'help': {
        const record = await this.#options.configurations.read(repository);
        const rules = record.state === 'ok' ? record.configuration.parameters : [];
        return await this.#tell(one, 'told', helpText(rules));
      }
      case 'train': {
        const record = await this.#options.configurations.read(repository);
        const rules = record.state === 'ok' ? record.configuration.parameters : [];
        const parameters = typedParameters(rules, command.parameters);
        const commit = await this.#commitOf(one, command.commit);
        const run = await actions.train(repository, { pull: one.pull.index, commit, parameters }, by);
        return `run ${run.number}`;
      }
      case 'cancel': {
        const run = await this.#runOf(one, ({ state }) => !isFinal(state));
        if (!run) throw new ProblemError('run-not-cancellable', 'Nothing is under way here.');
        await actions.cancel(repository, run, by);
        return `cancelled run ${run.number}`;
      }
      case 'retry': {
        const run = await this.#runOf(one, ({ commit }) => commit === one.pull.head.sha);
        if (!run) throw new ProblemError('run-not-retryable', 'This commit has no run yet: train it.');
        // It approves a fork's run that ended before anybody had approved it.
        if (one.pull.fork) await this.#commitOf(one, null);
        const again = await actions.retry(repository, run, by);
        return `run ${again.number}`;
      }
    }
  }

  /** The newest run of the pull request that fits. */
  async #runOf({ repository, pull }: Case, fits: (run: Run) => boolean): Promise<Run | undefined> {
    return (await this.#options.runs.ofPull(repository.id, pull.index, 50)).find(fits);
  }

  /**
   * The commit that is meant. Naming it is always enough. Else a fork's is the head that the comment was written
   * under, if there was time to look at it: code of others must not slip in under an approval (hazard 6).
   */
  async #commitOf(one: Case, named: string | null): Promise<string> {
    const { pull, seenHead, receivedAt } = one;
    const head = pull.head.sha;
    const short = head.slice(0, 10);
    if (named !== null) {
      if (head.startsWith(named)) return head;
      throw new ProblemError('pull-not-trainable', `The head is ${short}, not ${named.slice(0, 10)}.`);
    }
    if (!pull.fork) return head;
    const again = `Look at it, then write /databricks train ${short}`;
    if (seenHead !== head) {
      throw new ProblemError('pull-not-trainable', `The head is ${short} now. ${again}`);
    }
    const known = await this.#runOf(
      one,
      (run) => run.commit === head && Date.parse(receivedAt) - Date.parse(run.createdAt) >= lookTime,
    );
    if (known) return head;
    throw new ProblemError('pull-not-trainable', `${short} came in just before this comment. ${again}`);
  }

  /** Somebody else did the same in this moment: what they did counts, and this comment is answered all the same. */
  async #ensureRecorded(one: Case): Promise<void> {
    const { transactor, wake } = this.#options;
    await transactor.transaction(async (stores) => {
      if (await stores.commands.find(one.comment)) return;
      await this.#record(stores, one, 'done', null);
    });
    wake();
  }

  #by(one: Case): RequestedBy {
    const answer: AlsoCommitted = async (stores) => await this.#record(stores, one, 'done', null);
    return { user: one.author, requestId: `comment:${one.comment}`, also: answer };
  }

  async #tell(one: Case, outcome: CommandOutcome, words: string, code?: string): Promise<string> {
    // Not the whole line: who may only comment must not write into the report.
    const note = outcome === 'told' ? words : `${one.author.name}, ${shortly(one.line)}: ${words}`;
    await this.#options.transactor.transaction(async (stores) => {
      await this.#record(stores, one, outcome, note);
      if (outcome !== 'refused') return;
      await stores.audit.append({
        action: 'permission.refused',
        outcome: 'refused',
        actor: { kind: 'person', id: one.author.id, name: one.author.name },
        subject: shortly(one.line),
        repository: one.repository.id,
        pull: one.pull.index,
        detail: { comment: one.comment, code: code ?? '', reason: words },
        requestId: `comment:${one.comment}`,
      });
    });
    this.#options.wake();
    return `${outcome}: ${words}`;
  }

  /** Commits with what the command did, so that neither happens twice or without the other. */
  async #record(
    { commands, outbox }: { commands: Pick<CommandStore, 'add'>; outbox: Pick<OutboxStore, 'enqueue'> },
    one: Case,
    outcome: CommandOutcome,
    note: string | null,
  ): Promise<void> {
    const { repository, pull, comment, author, line } = one;
    const answered: AnsweredCommand = {
      comment,
      repository: repository.id,
      pull: pull.index,
      author: author.id,
      line,
      outcome,
      note,
      head: pull.head.sha,
    };
    await commands.add(answered);
    await outbox.enqueue({
      topic: 'reaction',
      key: `reaction:${repository.id}:${comment}`,
      payload: { repository: repository.id, comment, content: reactionOf[outcome] },
    });
    await outbox.enqueue({
      topic: 'report',
      key: `report:${repository.id}:${pull.index}`,
      payload: { repository: repository.id, pull: pull.index },
    });
  }
}
