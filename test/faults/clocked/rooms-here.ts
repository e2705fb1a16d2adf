import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { loadServerConfiguration } from '../../../src/server/config/load-server-configuration.ts';
import { systemClock } from '../../../src/server/duty/clock.ts';
import { RefusedCallers } from '../../../src/server/http/refused-callers.ts';
import { openServingStore } from '../../../src/server/store/serving-store.ts';
import { createRooms } from '../../../src/server/wiring/rooms.ts';
import { createHttp } from '../../../src/server/wiring/routes.ts';
import type { World } from '../world/world.ts';

/** The backend's rooms and routes in this process, as `main` wires them, with no duty: nothing happens by itself. */
export async function roomsHere(world: World) {
  const replica = await world.replica('rooms');
  const configuration = loadServerConfiguration(replica.configFile);
  const log = pino({ enabled: false });
  const store = await openServingStore(configuration.database, { failed: () => {} });
  const stop = new AbortController();
  const rooms = createRooms({ configuration, store, clock: systemClock, log, signal: stop.signal });
  const refusedCallers = new RefusedCallers(rooms.stores.audit, () => {});
  const app = await createHttp(rooms, { configuration, log, refusedCallers, ready: async () => {} });
  await app.listen({ ...configuration.listen });
  const { port } = app.server.address() as AddressInfo;
  world.backends.push(replica.origin);
  return {
    origin: `http://127.0.0.1:${port}`,
    hub: rooms.hub,
    /** Streams that are open. */
    connections: () =>
      new Promise<number>((resolve, reject) =>
        app.server.getConnections((error, connections) => (error ? reject(error) : resolve(connections))),
      ),
    async close() {
      stop.abort();
      rooms.hub.end();
      rooms.workspaces.close();
      app.server.closeAllConnections();
      await Promise.all([app.close(), refusedCallers.close(), rooms.connections.settled()]);
      await store.close();
    },
  };
}
