import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

/** How a column is stored; a trailing `?` allows null. */
export type ColumnKind = 'id' | 'integer' | 'integer?' | 'text' | 'text?' | 'boolean' | 'json';

/** Column kinds of a row type: the table and the conversions are made from it. */
export type Columns<Row> = { [K in keyof Row]-?: ColumnKind };

/** Equality per column; an array of values means "one of"; null means "is null". */
export type Where<Row> = { [K in keyof Row]?: Row[K] | readonly Row[K][] };

export interface ListOptions {
  /** An SQL order term over column names, for example `id desc`. Never built from input. */
  order?: string;
  limit?: number;
  offset?: number;
}

/** Typed access to one table. Ids are never reused. */
export interface Table<Row extends { id: number }> {
  insert(row: Omit<Row, 'id'>): Row;
  get(id: number): Row | undefined;
  find(where: Where<Row>): Row | undefined;
  list(where?: Where<Row>, options?: ListOptions): Row[];
  count(where?: Where<Row>): number;
  update(id: number, changes: Partial<Omit<Row, 'id'>>): Row;
  remove(where: Where<Row>): void;
}

const sqlType: Record<ColumnKind, string> = {
  id: 'INTEGER PRIMARY KEY AUTOINCREMENT',
  integer: 'INTEGER NOT NULL',
  'integer?': 'INTEGER',
  text: 'TEXT NOT NULL',
  'text?': 'TEXT',
  boolean: 'INTEGER NOT NULL',
  json: 'TEXT NOT NULL',
};

/** Opens a table, creating it with its constraints where it does not exist yet. */
export function openTable<Row extends { id: number }>(
  database: DatabaseSync,
  name: string,
  columns: Columns<Row>,
  constraints: readonly string[] = [],
): Table<Row> {
  const kinds = columns as Record<string, ColumnKind>;
  const names = Object.keys(kinds);
  const definitions = names.map((column) => `"${column}" ${sqlType[kinds[column]!]}`);
  database.exec(
    `CREATE TABLE IF NOT EXISTS "${name}" (${[...definitions, ...constraints].join(', ')}) STRICT`,
  );

  /** There are few texts, each used very often, and preparing takes longer than most of them run. */
  const prepared = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const known = prepared.get(sql) ?? database.prepare(sql);
    if (prepared.size >= 200) prepared.clear();
    prepared.set(sql, known);
    return known;
  };

  const encode = (column: string, value: unknown): SQLInputValue => {
    if (value === undefined) throw new TypeError(`${name}.${column} is undefined`);
    if (kinds[column] === 'json') return JSON.stringify(value);
    if (typeof value === 'boolean') return value ? 1 : 0;
    return value as SQLInputValue;
  };
  const decode = (raw: Record<string, unknown>): Row => {
    const row: Record<string, unknown> = {};
    for (const column of names) {
      const value = raw[column];
      if (kinds[column] === 'boolean') row[column] = value === 1;
      else if (kinds[column] === 'json') row[column] = JSON.parse(value as string);
      else row[column] = value;
    }
    return row as unknown as Row;
  };
  const condition = (where: Where<Row>) => {
    const terms: string[] = [];
    const values: SQLInputValue[] = [];
    for (const [column, value] of Object.entries(where)) {
      if (value === undefined) continue;
      if (value === null) terms.push(`"${column}" IS NULL`);
      else if (Array.isArray(value) && kinds[column] !== 'json') {
        terms.push(`"${column}" IN (${value.map(() => '?').join(', ')})`);
        values.push(...value.map((one) => encode(column, one)));
      } else {
        terms.push(`"${column}" = ?`);
        values.push(encode(column, value));
      }
    }
    return { sql: terms.length === 0 ? '' : ` WHERE ${terms.join(' AND ')}`, values };
  };

  const list = (where: Where<Row> = {}, options: ListOptions = {}): Row[] => {
    const { sql, values } = condition(where);
    const page = options.limit === undefined ? '' : ` LIMIT ${options.limit} OFFSET ${options.offset ?? 0}`;
    const statement = prepare(`SELECT * FROM "${name}"${sql} ORDER BY ${options.order ?? 'id'}${page}`);
    return statement.all(...values).map(decode);
  };
  const get = (id: number): Row | undefined => {
    const raw = prepare(`SELECT * FROM "${name}" WHERE id = ?`).get(id);
    return raw === undefined ? undefined : decode(raw);
  };

  return {
    get,
    list,
    find: (where) => list(where, { limit: 1 })[0],
    count(where = {}) {
      const { sql, values } = condition(where);
      const row = prepare(`SELECT count(*) AS total FROM "${name}"${sql}`).get(...values);
      return Number(row?.total);
    },
    insert(row) {
      const entries = Object.entries(row).filter(([column]) => column !== 'id');
      const result = prepare(
        `INSERT INTO "${name}" (${entries.map(([column]) => `"${column}"`).join(', ')})
           VALUES (${entries.map(() => '?').join(', ')})`,
      ).run(...entries.map(([column, value]) => encode(column, value)));
      return get(Number(result.lastInsertRowid))!;
    },
    update(id, changes) {
      const entries = Object.entries(changes).filter(([, value]) => value !== undefined);
      if (entries.length > 0) {
        prepare(
          `UPDATE "${name}" SET ${entries.map(([column]) => `"${column}" = ?`).join(', ')} WHERE id = ?`,
        ).run(...entries.map(([column, value]) => encode(column, value)), id);
      }
      const row = get(id);
      if (row === undefined) throw new Error(`${name} has no row ${id}`);
      return row;
    },
    remove(where) {
      const { sql, values } = condition(where);
      prepare(`DELETE FROM "${name}"${sql}`).run(...values);
    },
  };
}
