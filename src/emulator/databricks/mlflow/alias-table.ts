import type { DatabaseSync } from 'node:sqlite';
import { invalid } from '../errors.ts';

export interface Alias {
  alias: string;
  version: number;
}

/** Access to a table (model, alias, version). The table's name is our own, never from a request. */
export function aliasTable(db: DatabaseSync, table: string) {
  return {
    find(model: string, alias: string): Alias | undefined {
      return db
        .prepare(`select alias, version from ${table} where model = ? and alias = ?`)
        .get(model, alias) as unknown as Alias | undefined;
    },
    list(model: string): Alias[] {
      return db
        .prepare(`select alias, version from ${table} where model = ? order by alias`)
        .all(model) as unknown as Alias[];
    },
    /** Moves an alias at once, whatever it pointed to: neither registry knows a precondition. */
    set(model: string, alias: string, version: number): void {
      requireAliasName(alias);
      db.prepare(
        `insert into ${table} values (?, ?, ?) on conflict (model, alias) do update set version = excluded.version`,
      ).run(model, alias, version);
    },
    remove(model: string, alias: string): void {
      db.prepare(`delete from ${table} where model = ? and alias = ?`).run(model, alias);
    },
    /** Forgets what pointed to a deleted version. */
    removeVersion(model: string, version: number): void {
      db.prepare(`delete from ${table} where model = ? and version = ?`).run(model, version);
    },
    /** Forgets a deleted model's. */
    removeModel(model: string): void {
      db.prepare(`delete from ${table} where model = ?`).run(model);
    },
  };
}

/** @throws ApiError 400 unless the text may name an alias (mlflow `_validate_model_alias_name`). */
function requireAliasName(alias: string): void {
  if (
    alias.length > 255 ||
    !/^[\w-]+$/.test(alias) ||
    /^v\d+$/i.test(alias) ||
    alias.toLowerCase() === 'latest'
  )
    throw invalid(
      `Invalid alias name: '${alias}'. Names have at most 255 letters, digits, underscores and dashes, and are neither 'latest' nor like a version ('v1').`,
    );
}
