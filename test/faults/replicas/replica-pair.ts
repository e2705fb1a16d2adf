import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { PostgresConfiguration } from '../../../src/server/config/server-configuration.ts';
import { urlOf } from '../../postgres/databases.ts';
import type { StoreView } from '../invariants/store-view.ts';
import type { BackendProcess } from '../process/backend-process.ts';
import type { FaultProxy } from '../proxy/fault-proxy.ts';
import { startFaultProxy } from '../proxy/fault-proxy.ts';
import { eventually } from '../world/eventually.ts';
import type { Replica, WorldOptions } from '../world/world.ts';
import { World } from '../world/world.ts';
import { postgresView } from './postgres-view.ts';
import { ReadySides } from './sides.ts';

/** One of two backends over one database. */
export interface Side extends Replica {
  /** What this one, and no other, asks of Databricks goes through it. */
  databricks: FaultProxy;
  process: BackendProcess;
}

/** A lease as the database has it. */
export interface LeaseFact {
  name: string;
  token: number;
  /** Who took it with this token; null: nobody has it. */
  holder: Side | null;
}

/** Two backends behind one port over one PostgreSQL database. The first one starts first, and so has all duties. */
export class ReplicaPair {
  readonly world: World;
  readonly view: StoreView;
  readonly first: Side;
  readonly second: Side;
  readonly #front: ReadySides;
  readonly #closers: (() => unknown)[];

  private constructor(
    world: World,
    view: StoreView,
    [first, second]: readonly [Side, Side],
    closers: (() => unknown)[],
  ) {
    this.world = world;
    this.view = view;
    this.first = first;
    this.second = second;
    this.#closers = closers;
    this.#front = new ReadySides(world.backends, [first.origin, second.origin]);
    closers.push(() => this.#front.stop());
  }

  static async open(database: PostgresConfiguration, options: WorldOptions = {}): Promise<ReplicaPair> {
    const closers: (() => unknown)[] = [];
    try {
      const world = await World.open(options);
      closers.push(() => world.close());
      await mkdir(join(world.folder, 'secrets'), { recursive: true });
      await writeFile(join(world.folder, 'secrets/database-url'), urlOf(database), { mode: 0o600 });
      const view = postgresView(database);
      closers.push(() => view.close());
      const first = await startSide(world, 'first', closers);
      const second = await startSide(world, 'second', closers);
      return new ReplicaPair(world, view, [first, second], closers);
    } catch (error) {
      for (const close of closers.toReversed()) await close();
      throw error;
    }
  }

  get sides(): readonly [Side, Side] {
    return [this.first, this.second];
  }

  other(side: Side): Side {
    return side === this.first ? this.second : this.first;
  }

  async leases(): Promise<LeaseFact[]> {
    const rows = await this.view.rows<{ name: string; token: number; holder: string | null }>(
      'select name, token, holder from leases order by name',
    );
    return rows.map(({ name, token, holder }) => ({
      name,
      token,
      holder: holder === null ? null : (this.sides.find((side) => took(side, name, token)) ?? null),
    }));
  }

  /** Waits until this one has every duty. */
  async holdsAll(side: Side): Promise<void> {
    await eventually(`${side.name} with all duties`, async () => {
      const leases = await this.leases();
      return leases.length > 0 && leases.every(({ holder }) => holder === side);
    });
  }

  /** Does something while nobody is behind the port. */
  async unheard(work: () => Promise<void>): Promise<void> {
    const { backends } = this.world;
    this.#front.closed = true;
    await eventually('an empty front', () => backends.length === 0);
    await work();
    this.#front.closed = false;
    await eventually('both behind the front', () => backends.length === 2);
  }

  /** Starts the process anew after its end. */
  async startAgain(side: Side): Promise<void> {
    side.process = await this.world.start(side);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close();
  }
}

async function startSide(world: World, name: string, closers: (() => unknown)[]): Promise<Side> {
  const databricks = await startFaultProxy(() => world.databricks.origin);
  closers.push(() => databricks.close());
  const plain = await world.replica(name);
  const written = parse(readFileSync(plain.configFile, 'utf8')) as { workspaces: { main: object } };
  const replica = await world.replica(name, {
    database: { postgres: { url_file: 'secrets/database-url' } },
    workspaces: { main: { ...written.workspaces.main, host: databricks.origin } },
  });
  return { ...replica, databricks, process: await world.start(replica) };
}

/** Whether its log says that it took up this lease with this token. */
function took(side: Side, name: string, token: number): boolean {
  return readFileSync(side.logFile, 'utf8').includes(`"lease":${JSON.stringify(name)},"token":${token},`);
}
