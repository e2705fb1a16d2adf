import { setTimeout as sleep } from 'node:timers/promises';
import { backendPath } from '../../../src/demo/setup/backend-configuration.ts';

/** How a replica answers its two questions now: HTTP statuses, 0: no answer. */
export interface Health {
  ready: number;
  live: number;
}

async function statusOf(url: string): Promise<number> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_500) });
    await response.body?.cancel();
    return response.status;
  } catch {
    return 0;
  }
}

export async function healthOf(origin: string): Promise<Health> {
  const [ready, live] = await Promise.all([
    statusOf(`${origin}${backendPath}health/ready`),
    statusOf(`${origin}${backendPath}health/live`),
  ]);
  return { ready, live };
}

/** Keeps a list of those that say that they are ready, as what stands in front of replicas does. */
export class ReadySides {
  readonly #list: string[];
  readonly #stop = new AbortController();
  readonly #looks: Promise<void>[];
  /** Nobody is on the list while this is so. */
  closed = false;

  /** @param list changed in place, ten times a second */
  constructor(list: string[], origins: readonly string[]) {
    this.#list = list;
    this.#looks = origins.map((origin) => this.#look(origin));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#looks);
  }

  async #look(origin: string): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const { ready } = await healthOf(origin);
      const wanted = ready === 200 && !this.closed;
      const at = this.#list.indexOf(origin);
      if (wanted && at < 0) this.#list.push(origin);
      if (!wanted && at >= 0) this.#list.splice(at, 1);
      await sleep(100, undefined, { signal }).catch(() => {});
    }
  }
}
