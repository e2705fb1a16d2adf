import { startBackend } from '../../../src/server/main.ts';
import type { FaultProxy } from '../proxy/fault-proxy.ts';
import { startFaultProxy } from '../proxy/fault-proxy.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import type { WorldOptions } from '../world/world.ts';
import { World } from '../world/world.ts';
import { Flow } from './flow.ts';

/** A backend in this process whose time is the test's. */
export interface BackendHere {
  world: World;
  clock: SimulatedClock;
  flow: Flow;
  /** Before the backend, as Gitea sees it: what it answers to webhooks. */
  front: FaultProxy;
  logFile: string;
  /** Ends the backend; the world goes on. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/**
 * A world with the whole backend in this process, on a simulated clock. The emulators keep the machine's time; so does
 * the identity room, since tokens are checked by others.
 */
export async function backendHere(options: WorldOptions = {}): Promise<BackendHere> {
  const world = await World.open(options);
  const closers: (() => Promise<unknown>)[] = [() => world.close()];
  const close = async () => {
    for (const end of closers.splice(0).toReversed()) await end();
  };
  try {
    const replica = await world.replica('here');
    const clock = new SimulatedClock(new Date());
    const front = await startFaultProxy(() => replica.origin);
    closers.push(() => front.close());
    world.backends.push(front.origin);
    const flow = new Flow(clock, { gitea: world.gitea, databricks: world.databricks, front });
    closers.push(async () => flow.close());
    const backend = await startBackend({ configFile: replica.configFile, logFile: replica.logFile, clock });
    let stopped: Promise<void> | undefined;
    const stop = () => (stopped ??= backend.close());
    closers.push(stop);
    await world.trust();
    return { world, clock, flow, front, logFile: replica.logFile, stop, close };
  } catch (error) {
    await close();
    throw error;
  }
}
