import { randomUUID } from 'node:crypto';
import { loadServerConfiguration, secretsOf } from './config/load-server-configuration.ts';
import type { Clock } from './duty/clock.ts';
import { systemClock } from './duty/clock.ts';
import { LeaseKeeper } from './duty/keeper.ts';
import { within } from './duty/within.ts';
import { createLog, logDestination } from './http/log.ts';
import { ProblemError } from './http/problem.ts';
import { RefusedCallers } from './http/refused-callers.ts';
import { openServingStore } from './store/serving-store.ts';
import { createRooms } from './wiring/rooms.ts';
import { createHttp } from './wiring/routes.ts';

export interface BackendOptions {
  /** `gitea-databricks.yml` */
  configFile: string;
  /** pino level; `info` by default. */
  logLevel?: string;
  /** Where the log goes; standard output by default. */
  logFile?: string;
  /** The machine's by default. */
  clock?: Clock;
}

/** A backend that listens. */
export interface Backend {
  /** The public URL, with a trailing slash. */
  url: string;
  close(): Promise<void>;
}

/**
 * A stop, in milliseconds since it was asked for: until then what is under way may end by itself; then calls to the
 * outside are broken off; and at last whatever still has not ended is left behind, for the next start to go on with.
 */
const stop = { breakOff: 3_000, leaveBehind: 4_500 };

/**
 * Starts everything: the store, the rooms, what goes on in the background, and last the HTTP server.
 *
 * @throws ConfigurationError when the configuration is wrong; a plain error when the database or port cannot be had
 */
export async function startBackend(options: BackendOptions): Promise<Backend> {
  const configuration = loadServerConfiguration(options.configFile);
  const { clock = systemClock } = options;
  const destination = logDestination(options.logFile);
  const log = createLog(options.logLevel ?? 'info', secretsOf(configuration), destination);
  const store = await openServingStore(configuration.database, {
    failed: (err) => log.warn({ err }, 'the store failed in the background'),
    clock,
  });
  /** Breaks off what waits for Gitea or Databricks. */
  const stopping = new AbortController();
  const rooms = createRooms({ configuration, store, clock, log, signal: stopping.signal });
  const { bus, leases } = store;
  const { stores, hub, workspaces, connections } = rooms;
  const keeper = new LeaseKeeper({ leases, bus, clock, holder: randomUUID(), log }, rooms.duties);

  // HTTP comes last: what answers is complete.
  let state: 'starting' | 'serving' | 'stopping' = 'starting';
  const refusedCallers = new RefusedCallers(stores.audit, (err) =>
    log.error({ err }, 'refused callers were not recorded'),
  );
  const app = await createHttp(rooms, { configuration, log, refusedCallers, ready });

  async function ready(): Promise<void> {
    if (state !== 'serving') throw new ProblemError('starting-up', 'The backend is not ready yet.');
    const unavailable = (cause: unknown) =>
      new ProblemError('store-unavailable', 'The database cannot be read and written.', { cause });
    // Leases are renewed all the time: the last time says whether anything can be written.
    if (keeper.failure !== null) throw unavailable(keeper.failure);
    await stores.outbox.counts().catch((cause: unknown) => {
      throw unavailable(cause);
    });
  }

  try {
    await app.listen({ ...configuration.listen });
    await keeper.start();
  } catch (error) {
    await keeper.stop();
    await refusedCallers.close();
    await app.close();
    await store.close();
    throw error;
  }
  state = 'serving';
  log.info({ publicUrl: configuration.publicUrl, listen: configuration.listen }, 'the backend serves');

  return {
    url: configuration.publicUrl,
    async close() {
      state = 'stopping';
      const callOff = systemClock.after(stop.breakOff, () => {
        stopping.abort();
        app.server.closeAllConnections();
      });
      // Viewers find another replica, or this one after its restart.
      hub.end();
      const drained = await within(systemClock, stop.leaveBehind, drain());
      callOff();
      if (!drained) log.warn({}, 'what did not end in time was left behind; the next start goes on with it');
    },
  };

  async function drain(): Promise<void> {
    await Promise.all([app.close(), keeper.stop()]);
    stopping.abort();
    workspaces.close();
    await Promise.all([refusedCallers.close(), connections.settled()]);
    await store.close();
  }
}
