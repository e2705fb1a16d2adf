import { spawn } from 'node:child_process';
import { access, constants, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../free-port.ts';

export interface MlflowServer {
  /** Origin without a trailing slash. */
  host: string;
  /** Ends the server and removes its files. */
  close(): Promise<void>;
}

/**
 * Settings that change answers. By default (`MLFLOW_TRUNCATE_LONG_VALUES` is true, mlflow environment_variables.py) the
 * server cuts params and tags that are too long. A workspace documents largest sizes (docs.databricks.com, API
 * reference, Log Param and Set Tag), not what it does beyond them: refusing was chosen because nobody misses what is
 * refused, and so does the server when it is told not to cut.
 */
const serverSettings = { MLFLOW_TRUNCATE_LONG_VALUES: 'false' };

/** How long a server may take to answer, in milliseconds: it makes its database first. */
const patienceMs = 180_000;

/**
 * Starts the open-source `mlflow server` of a Python environment on loopback, with an SQLite file of its own.
 *
 * @param python the environment's interpreter
 * @throws with the server's last words when it ends or does not answer in time
 */
export async function startMlflowServer(python: string): Promise<MlflowServer> {
  const folder = await mkdtemp(join(await fastFolder(), 'mlflow-server-'));
  const port = await freePort();
  const child = spawn(
    python,
    [
      ...['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'],
      ...['--backend-store-uri', `sqlite:///${join(folder, 'mlflow.db')}`],
      ...['--artifacts-destination', join(folder, 'artifacts')],
    ],
    {
      cwd: folder,
      // The server starts workers of its own: a group of processes is ended as one.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        ...serverSettings,
        MLFLOW_DISABLE_TELEMETRY: 'true',
        // Eight more processes, which the answers asked for here do not need.
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
        // Requests are not written to the log.
        MLFLOW_LOGGING_LEVEL: 'WARNING',
      },
    },
  );
  let words = '';
  let ended = false;
  child.stderr.on('data', (chunk) => {
    words = (words + chunk).slice(-4000);
  });
  const closed = new Promise<void>((resolve) => {
    const end = () => {
      ended = true;
      resolve();
    };
    child.once('close', end);
    child.once('error', end);
  });
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  };
  process.once('exit', kill);
  const close = async () => {
    process.off('exit', kill);
    kill();
    await closed;
    await rm(folder, { recursive: true, force: true });
  };

  const host = `http://127.0.0.1:${port}`;
  for (const until = Date.now() + patienceMs; ; await sleep(200)) {
    if (await answers(host)) return { host, close };
    if (!ended && Date.now() < until) continue;
    await close();
    throw new Error(`mlflow server ${ended ? 'ended' : 'did not answer in time'}: ${words}`);
  }
}

/** Memory where the machine lends it as a folder: the server waits for the disk several times in each request. */
async function fastFolder(): Promise<string> {
  const memory = '/dev/shm';
  return access(memory, constants.W_OK).then(
    () => memory,
    () => tmpdir(),
  );
}

async function answers(host: string): Promise<boolean> {
  try {
    return (await fetch(`${host}/health`)).ok;
  } catch {
    return false;
  }
}
