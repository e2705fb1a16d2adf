import { Type } from 'typebox';

const closed = { additionalProperties: false };
const file = (what: string) =>
  Type.String({ minLength: 1, description: `the path of a file that holds ${what}` });

const Postgres = Type.Object(
  {
    url_file: file('an address such as postgres://user:password@host:5432/name'),
    ca_file: Type.Optional(file('the certificates, in PEM, that may have signed the server’s')),
  },
  { ...closed, description: 'a group {url_file}' },
);

/** `database` of the server's configuration: the path of an SQLite file, or where PostgreSQL is. */
export const Database = Type.Union(
  [
    Type.String({ minLength: 1 }),
    Type.Object({ postgres: Postgres }, { ...closed, description: 'a group {postgres: {url_file}}' }),
  ],
  { description: 'the path of an SQLite file, or a group {postgres: {url_file}}' },
);
