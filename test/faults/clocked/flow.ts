import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, FaultPlan, Passing } from '../proxy/fault.ts';
import { nameOf } from '../proxy/fault.ts';
import type { FaultProxy } from '../proxy/fault-proxy.ts';
import type { SimulatedClock } from '../simulated-clock.ts';

export type Place = 'gitea' | 'databricks' | 'front';

/** A request that came to a proxy, or a connection that was refused there. */
export interface Seen extends Pick<Passing, 'method' | 'path'> {
  place: Place;
  /** Milliseconds on the simulated clock, monotonic. */
  at: number;
  /** What was done to it; `none`, or `refused`: nobody listened. */
  fault: string;
}

/** Nothing came or went for so long (real milliseconds): what a moment of simulated time started has come to rest. */
const quietMs = 4;

/**
 * Lets simulated time pass while real connections go on: after each moment at which timers fired it is waited until
 * no request is under way. What stalls counts as at rest. Keeps what came to the proxies, by simulated time.
 */
export class Flow {
  readonly clock: SimulatedClock;
  readonly seen: Seen[] = [];
  /** Real milliseconds from the arrival of each delivery to its acknowledgement. */
  readonly acknowledgements: { status: number; milliseconds: number }[] = [];
  readonly #proxies: Record<Place, FaultProxy>;
  readonly #ends: (() => void)[] = [];
  #stirred = 0;

  constructor(clock: SimulatedClock, proxies: Record<Place, FaultProxy>) {
    this.clock = clock;
    this.#proxies = proxies;
    for (const [place, proxy] of Object.entries(proxies) as [Place, FaultProxy][]) {
      this.#ends.push(proxy.onPassed(() => this.#passed()));
      this.use(place, () => null);
    }
    // Deliveries of one hook leave one after the other.
    const arrivals: number[] = [];
    const isDelivery = ({ path }: Pick<Passing, 'path'>) => path.endsWith('/webhooks/gitea');
    this.use('front', (request) => {
      if (isDelivery(request)) arrivals.push(performance.now());
      return null;
    });
    this.#ends.push(
      proxies.front.onPassed((passed) => {
        if (!isDelivery(passed)) return;
        const milliseconds = performance.now() - (arrivals.shift() ?? 0);
        this.acknowledgements.push({ status: passed.status ?? 0, milliseconds });
      }),
    );
    const ports = new Map(
      (['gitea', 'databricks'] as const).map(
        (place) => [new URL(proxies[place].origin).port, place] as const,
      ),
    );
    const refused = (message: unknown) => {
      const { connectParams } = message as { connectParams: { port: string } };
      const place = ports.get(String(connectParams.port));
      this.#stirred = performance.now();
      if (place)
        this.seen.push({ place, at: clock.monotonic(), method: 'CONNECT', path: '', fault: 'refused' });
    };
    subscribe('undici:client:connectError', refused);
    this.#ends.push(() => unsubscribe('undici:client:connectError', refused));
  }

  close(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  /** What happens to requests from now on. */
  use(place: Place, plan: FaultPlan): void {
    this.#proxies[place].use((request) => {
      const fault: Fault | null = plan(request);
      const { method, path } = request;
      this.seen.push({
        place,
        at: this.clock.monotonic(),
        method,
        path,
        fault: fault ? nameOf(fault) : 'none',
      });
      this.#stirred = performance.now();
      return fault;
    });
  }

  /** What came to a proxy since then, by simulated monotonic time. */
  since(at: number, place: Place): Seen[] {
    return this.seen.filter((one) => one.place === place && one.at >= at);
  }

  /** So many simulated milliseconds pass. */
  async pass(milliseconds: number): Promise<void> {
    await this.clock.pass(milliseconds, () => this.#rest());
  }

  /** Time passes, a simulated second at a time, until the work has ended. */
  async during<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const ended = work.finally(() => {
      over = true;
    });
    ended.catch(() => {});
    while (!over) {
      await this.pass(1_000);
      await sleep(10);
    }
    return await ended;
  }

  #passed(): void {
    this.#stirred = performance.now();
  }

  async #rest(): Promise<void> {
    const begun = performance.now();
    const { gitea, databricks } = this.#proxies;
    // What waits at the front may wait for time to pass.
    const busy = () => gitea.underWay + databricks.underWay;
    this.#stirred = begun;
    for (;;) {
      await sleep(1);
      const now = performance.now();
      if (now - begun > 30_000) throw new Error('What simulated time started did not come to rest.');
      if (busy() === 0 && now - this.#stirred > quietMs) return;
    }
  }
}
