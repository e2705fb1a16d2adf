import { DatabricksError } from '../../../src/server/databricks/error.ts';
import type { Endpoint, ServedVersion } from '../../../src/server/registry/endpoint.ts';
import type { RegisteredVersion, ReleaseTarget } from '../../../src/server/registry/ports.ts';
import type { Signature } from '../../../src/server/registry/signature.ts';

/** A workspace's registry and endpoint in memory, whose next calls can be made to fail or to be overtaken. */
export class MemoryTarget implements ReleaseTarget {
  alias: Record<string, number> = {};
  served: ServedVersion[] = [];
  configVersion = 1;
  update: Endpoint['update'] = 'idle';
  message: string | null = null;
  registered: RegisteredVersion[] = [];
  hasEndpoint = true;
  others: string[] = [];
  signatures = new Map<number, Signature>();
  /** Calls that change something, as text, in order. */
  readonly changes: string[] = [];
  failAlias: Error | null = null;
  failLoading: string | null = null;
  beforeAlias: (() => void) | null = null;
  /** Whether it answers at all; how often it was asked. */
  down = false;
  asked = 0;

  #answer(): void {
    this.asked += 1;
    if (!this.down) return;
    throw new DatabricksError({ code: 'CIRCUIT_OPEN', status: 0, message: 'No answer.', retryAfter: 7 });
  }

  register(...numbers: number[]): void {
    for (const version of numbers) {
      this.registered.push({
        version,
        status: 'ready',
        run: `mlflow-${version}`,
        createdAt: '2026-01-01T00:00:00.000Z',
      });
      this.signatures.set(version, { inputs: ['alcohol (double)'], outputs: ['#1 (double)'] });
    }
  }

  async versions() {
    this.#answer();
    return this.registered;
  }

  async aliases() {
    this.#answer();
    return { ...this.alias };
  }

  async signature(_repository: unknown, _model: string, version: number) {
    this.#answer();
    return this.signatures.get(version) ?? null;
  }

  async endpoint(_repository: unknown, name: string): Promise<Endpoint | null> {
    this.#answer();
    if (!this.hasEndpoint) return null;
    const { served, configVersion, update, message } = this;
    if (this.update === 'in-progress') this.update = 'idle';
    return {
      name,
      ready: true,
      update,
      configVersion,
      served: structuredClone(served),
      others: this.others,
      message,
    };
  }

  async setAlias(_repository: unknown, _model: string, alias: string, version: number) {
    this.#answer();
    this.beforeAlias?.();
    if (this.failAlias) throw this.failAlias;
    this.alias[alias] = version;
    this.changes.push(`${alias} → v${version}`);
  }

  async removeAlias(_repository: unknown, _model: string, alias: string) {
    delete this.alias[alias];
    this.changes.push(`${alias} removed`);
  }

  async route(_repository: unknown, _name: string, _model: string, served: readonly ServedVersion[]) {
    if (this.update === 'in-progress') {
      throw new DatabricksError({ code: 'RESOURCE_CONFLICT', status: 409, message: 'update in progress' });
    }
    this.changes.push(served.map((entry) => `v${entry.version} ${entry.percentage} %`).join(', '));
    if (this.failLoading) {
      this.update = 'failed';
      this.message = this.failLoading;
      return;
    }
    this.update = 'in-progress';
    this.served = structuredClone([...served]);
    this.configVersion += 1;
  }
}
