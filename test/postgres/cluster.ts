import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PostgresConfiguration } from '../../src/server/config/server-configuration.ts';
import { findPostgres } from './binaries.ts';

/** A PostgreSQL server for tests, with nothing in it. */
export interface Cluster {
  /** Its first database, as the owner of everything. */
  connection: PostgresConfiguration;
  /** Ends it at once, as a crash does; what was committed is still there after `again`. */
  halt(): Promise<void>;
  again(): Promise<void>;
  /** For good. */
  stop(): Promise<void>;
}

/** `nobody`: PostgreSQL refuses to be run by root. */
const nobody = 65_534;

/**
 * Ends the server when its standard input does: also when the tests were killed. Nobody else takes its data ($1) away
 * then; where it is only halted there is a file ($2) that says so.
 */
const untilParentEnds =
  'data=$1; kept=$2; shift 2; exec 3<&0; "$@" & server=$!; (cat <&3 >/dev/null; kill -QUIT $server 2>/dev/null) & wait $server; kill $! 2>/dev/null; [ -e "$kept" ] || rm -rf "$data"';

/** Bytes that have to be free in memory for the data to go there. */
const roomInMemory = 2 * 1024 ** 3;

/**
 * Where data goes that need not survive the machine. Each database that a test makes and drops is hundreds of files, and
 * to reuse what was just freed is slow on some disks.
 */
function dataFolder(): string {
  const memory = '/dev/shm';
  try {
    const { bavail, bsize } = statfsSync(memory);
    if (bavail * bsize > roomInMemory) return mkdtempSync(join(memory, 'postgres-'));
  } catch {
    // Not there, or not for us: the disk does, too.
  }
  return mkdtempSync(join(tmpdir(), 'postgres-data-'));
}

/**
 * Starts a server that listens on a Unix socket only. Its texts are compared by the rules of a language, as on many
 * servers: what depends on the order of bytes shows. What it writes does not survive the machine.
 *
 * @param more settings of postgresql.conf
 */
export async function startCluster(more: Readonly<Record<string, string>> = {}): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
  chmodSync(folder, 0o755);
  const asRoot = process.getuid?.() === 0;
  const user = asRoot ? { uid: nobody, gid: nobody } : {};
  const [data, socket, kept] = [dataFolder(), join(folder, 'socket'), join(folder, 'kept')];
  const password = randomBytes(12).toString('hex');
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password);
  mkdirSync(socket);
  if (asRoot) for (const path of [data, socket, passwordFile]) chownSync(path, nobody, nobody);

  const { initdb, postgres } = await findPostgres(folder, asRoot);
  const flags = ['--no-sync', '--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=en-US'];
  const made = spawnSync(
    initdb,
    ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, ...flags],
    { ...user, cwd: folder, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.error?.message ?? made.stderr}`);

  const settings = {
    listen_addresses: '',
    unix_socket_directories: socket,
    fsync: 'off',
    full_page_writes: 'off',
    synchronous_commit: 'off',
    max_connections: '300',
    shared_buffers: '64MB',
    autovacuum: 'off',
    wal_level: 'minimal',
    max_wal_senders: '0',
    ...more,
  };
  const parameters = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = ['-c', untilParentEnds, 'sh', data, kept, postgres, '-D', data, ...parameters];
  async function start() {
    rmSync(kept, { force: true });
    const server = spawn('sh', command, { ...user, cwd: folder, stdio: ['pipe', 'ignore', 'pipe'] });
    const said: string[] = [];
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.once('exit', () => reject(new Error(`PostgreSQL did not start: ${said.join('')}`)));
      server.stderr.setEncoding('utf8').on('data', (text: string) => {
        if (said.length < 100) said.push(text);
        if (text.includes('ready to accept connections')) resolve();
      });
    });
    return server;
  }
  let server = await start();
  async function halt(): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    writeFileSync(kept, '');
    server.stdin.end();
    await ended;
  }
  return {
    connection: { host: socket, port: 5432, database: 'postgres', user: 'postgres', password, tls: 'none' },
    halt,
    async again() {
      server = await start();
    },
    async stop() {
      await halt();
      for (const path of [folder, data]) rmSync(path, { recursive: true, force: true });
    },
  };
}
