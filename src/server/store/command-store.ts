import type { AnsweredCommand, CommandStore } from '../command/ports.ts';
import type { Connection } from './database.ts';
import type { CommandRow } from './schema.ts';

function fromRow(row: CommandRow): AnsweredCommand {
  return {
    comment: row.comment_id,
    repository: row.repository_id,
    pull: row.pull_index,
    author: row.author_id,
    line: row.line,
    outcome: row.outcome,
    note: row.note,
    head: row.head,
  };
}

/** Commands in comments, each answered once. */
export function createCommandStore(connection: Connection, now: () => Date): CommandStore {
  const select = () => connection.selectFrom('commands').selectAll();
  return {
    async find(comment) {
      const row = await select().where('comment_id', '=', comment).executeTakeFirst();
      return row ? fromRow(row) : null;
    },
    async add(command) {
      await connection
        .insertInto('commands')
        .values({
          comment_id: command.comment,
          repository_id: command.repository,
          pull_index: command.pull,
          author_id: command.author,
          line: command.line,
          outcome: command.outcome,
          note: command.note,
          head: command.head,
          answered_at: now().toISOString(),
        })
        .execute();
    },
    async latest(repository, pull) {
      const row = await select()
        .where('repository_id', '=', repository)
        .where('pull_index', '=', pull)
        .orderBy('comment_id', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row ? fromRow(row) : null;
    },
  };
}
