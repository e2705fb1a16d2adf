import type { FixedRepository, RepositoryStore } from '../permission/ports.ts';
import type { Connection } from './database.ts';
import type { RepositoryRow } from './schema.ts';

type Columns = Pick<RepositoryRow, 'id' | 'full_name' | 'url' | 'default_branch' | 'binding_id'>;

function fromRow(row: Columns): FixedRepository {
  return {
    id: row.id,
    fullName: row.full_name,
    url: row.url,
    defaultBranch: row.default_branch,
    bindingId: row.binding_id,
  };
}

/** Repositories that a binding was fixed to. What training keeps in the same table is left alone. */
export function createRepositoryStore(connection: Connection, now: () => Date): RepositoryStore {
  const select = () =>
    connection.selectFrom('repositories').select(['id', 'full_name', 'url', 'default_branch', 'binding_id']);
  return {
    async find(id) {
      const row = await select().where('id', '=', id).executeTakeFirst();
      return row ? fromRow(row) : null;
    },
    async findByName(fullName) {
      const row = await select()
        .where(({ eb, fn }) => eb(fn<string>('lower', ['full_name']), '=', fullName.toLowerCase()))
        .executeTakeFirst();
      return row ? fromRow(row) : null;
    },
    async all() {
      return (await select().orderBy('id').execute()).map(fromRow);
    },
    async ownerOfName(fullName) {
      const row = await connection
        .selectFrom('repository_names')
        .select('repository_id')
        .where('name', '=', fullName.toLowerCase())
        .executeTakeFirst();
      return row?.repository_id ?? null;
    },
    async giveName(fullName, id) {
      await connection
        .insertInto('repository_names')
        .values({ name: fullName.toLowerCase(), repository_id: id })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ repository_id: id }))
        .execute();
    },
    async save(repository) {
      const told = {
        full_name: repository.fullName,
        url: repository.url,
        default_branch: repository.defaultBranch,
        binding_id: repository.bindingId,
      };
      await connection
        .insertInto('repositories')
        .values({
          id: repository.id,
          ...told,
          fixed_at: now().toISOString(),
          seen_head: null,
          configuration: null,
          last_run_number: 0,
        })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(told))
        .execute();
      await connection
        .insertInto('repository_names')
        .values({ name: repository.fullName.toLowerCase(), repository_id: repository.id })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .execute();
    },
  };
}
