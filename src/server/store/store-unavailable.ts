import pg from 'pg';
import { StoreUnavailable } from '../duty/interruption.ts';

/** Primary result codes of SQLite (https://sqlite.org/rescode.html) that tell of the machine, not of the statement. */
const sqlite: Record<number, string> = {
  5: 'another process has locked it',
  6: 'it is locked',
  7: 'there is no memory',
  8: 'it is read-only',
  10: 'its file cannot be read or written',
  11: 'it is damaged',
  13: 'its disk is full',
  14: 'its file cannot be opened',
  26: 'its file is no database',
};

/**
 * Classes and codes of PostgreSQL (https://www.postgresql.org/docs/current/errcodes-appendix.html): connections,
 * resources (53100: disk full), operator's intervention, time limits, a read-only standby, system errors, damage.
 */
const postgres = /^(?:08|53|57P|58|28|3D|XX00[12]|25006|25P03|57014|55P03|40001|40P01)/;

interface Fault {
  message: string;
  code?: string;
  errcode?: number;
}

/** @returns SQLite's error as StoreUnavailable where it is one; else as it is (a constraint, a wrong statement) */
export function ofSqlite(error: unknown): unknown {
  const { errcode, code, message } = error as Fault;
  if (code !== 'ERR_SQLITE_ERROR' || errcode === undefined) return error;
  const reason = sqlite[errcode & 0xff];
  return reason === undefined ? error : new StoreUnavailable(`${reason} (${message})`, { cause: error });
}

/**
 * @param connecting no statement was sent yet
 * @returns the error of PostgreSQL's client as StoreUnavailable where it is one; else as it is
 */
export function ofPostgres(error: unknown, connecting = false): unknown {
  const { code = '', message } = error as Fault;
  if (!connecting) {
    if (error instanceof pg.DatabaseError && !postgres.test(code)) return error;
    if (error instanceof TypeError || error instanceof RangeError) return error;
  }
  // Node tries several addresses, and then says nothing but the code.
  return new StoreUnavailable(message || code, { cause: error, unreachable: connecting });
}
