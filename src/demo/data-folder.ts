import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from './private-file.ts';

/** The demo's folder and the addresses that belong to it. */
export interface DataFolder {
  dir: string;
  /** Where the forge keeps its data; the forge makes it. */
  forgeDir: string;
  /** Port of the demo's address. It is part of tokens, links and redirects, so it stays. */
  port: number;
  /** Ports behind the front; a taken one is replaced. */
  innerPorts: Record<string, number>;
  /** Remembers the inner ports of this start. */
  remember(innerPorts: Record<string, number>): void;
  /** Lets the next demo use the folder. */
  release(): void;
}

/** Which kind of Gitea the folder's data are of: one cannot read the other's. */
export type ForgeKind = 'emulated' | 'real';

interface Mark {
  port: number;
  innerPorts: Record<string, number>;
  forge: ForgeKind;
}

const markName = 'gitea-databricks-demo.json';
const lockName = 'running.pid';
const defaultPort = 3000;
const forgeWords: Record<ForgeKind, string> = { emulated: 'the emulated Gitea', real: 'a real Gitea' };

/**
 * Opens the folder, or makes it. Only a folder with our mark is ever deleted.
 * @throws with a sentence for the terminal: a foreign folder, one that a running demo uses, or a port that differs
 * from the folder's.
 */
export function openDataFolder(
  dir: string,
  options: { port?: number; fresh: boolean; forge: ForgeKind },
): DataFolder {
  const mark = join(dir, markName);
  const known = existsSync(mark);
  if (!known && existsSync(dir) && readdirSync(dir).length > 0) {
    throw new Error(`${dir} is not empty and no demo folder: name another one with --data DIR`);
  }
  if (known) refuseRunning(join(dir, lockName), dir);
  if (known && options.fresh) rmSync(dir, { recursive: true });
  const forgeDir = join(dir, 'gitea');
  // Before there is a forge, nothing depends on port and kind: a first start that was refused binds nobody to them.
  const kept: Mark =
    known && !options.fresh && existsSync(forgeDir)
      ? readMark(mark)
      : { port: options.port ?? defaultPort, innerPorts: {}, forge: options.forge };
  if (options.port !== undefined && options.port !== kept.port) {
    throw new Error(
      `the demo in ${dir} lives at port ${kept.port}: start it without --port, or start over with --fresh --port ${options.port}`,
    );
  }
  if (kept.forge !== options.forge) {
    throw new Error(
      `the demo in ${dir} was made with ${forgeWords[kept.forge]} and cannot go on with ${forgeWords[options.forge]}: name another folder with --data DIR, or start over with --fresh`,
    );
  }
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const remember = (innerPorts: Record<string, number>) =>
    writePrivateFile(mark, `${JSON.stringify({ ...kept, innerPorts }, null, 2)}\n`);
  remember(kept.innerPorts);
  writePrivateFile(join(dir, lockName), `${process.pid}\n`);
  const { port, innerPorts } = kept;
  const release = () => rmSync(join(dir, lockName), { force: true });
  return { dir, forgeDir, port, innerPorts, remember, release };
}

function refuseRunning(lock: string, dir: string): void {
  if (!existsSync(lock)) return;
  const pid = Number(readFileSync(lock, 'utf8'));
  if (pid === process.pid || !isAlive(pid)) return;
  throw new Error(
    `a demo is running in ${dir} (process ${pid}): stop it first, or remove ${lock} if it is none`,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readMark(path: string): Mark {
  try {
    const { port, innerPorts = {}, forge = 'emulated' } = JSON.parse(readFileSync(path, 'utf8')) as Mark;
    if (Number.isInteger(port)) return { port, innerPorts, forge };
  } catch {
    // Told below: a half-written mark is as useless as a foreign one.
  }
  throw new Error(`${path} cannot be read: start over with --fresh`);
}
