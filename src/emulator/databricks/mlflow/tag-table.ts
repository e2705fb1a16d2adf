import type { DatabaseSync } from 'node:sqlite';
import { ApiError } from '../errors.ts';
import type { Fields } from './fields.ts';
import { anyText, messages, text } from './fields.ts';

/** A tag or a param, as the API writes it. */
export interface KeyValue {
  key: string;
  value: string;
}

/** The key-value messages under `name` of a request. @throws ApiError 400 for a missing key. */
export function keyValues(fields: Fields, name: string): KeyValue[] {
  return messages(fields, name).map((entry) => ({ key: text(entry, 'key'), value: anyText(entry, 'value') }));
}

/** Access to a table (owner, key, value). Table and column are names from our own code, never from a request. */
export function tagTable(db: DatabaseSync, table: string, owner: string) {
  return {
    list(id: string): KeyValue[] {
      return db
        .prepare(`select key, value from ${table} where ${owner} = ? order by key`)
        .all(id) as unknown as KeyValue[];
    },
    set(id: string, key: string, value: string): void {
      db.prepare(
        `insert into ${table} (${owner}, key, value) values (?, ?, ?)
           on conflict (${owner}, key) do update set value = excluded.value`,
      ).run(id, key, value);
    },
    /** The registries say nothing where there is no such tag (mlflow `sqlalchemy_store.delete_registered_model_tag`). */
    removeIfThere(id: string, key: string): void {
      db.prepare(`delete from ${table} where ${owner} = ? and key = ?`).run(id, key);
    },
    /** @throws ApiError 404 when there is no such tag. */
    remove(id: string, key: string): void {
      const { changes } = db.prepare(`delete from ${table} where ${owner} = ? and key = ?`).run(id, key);
      if (changes === 0)
        throw new ApiError('RESOURCE_DOES_NOT_EXIST', `No tag with name: ${key} in ${owner} ${id}`);
    },
  };
}
