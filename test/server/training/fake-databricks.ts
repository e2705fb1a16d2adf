import { DatabricksError } from '../../../src/server/databricks/error.ts';
import type { RemoteRun, TrainingWorkspace } from '../../../src/server/training/workspace-port.ts';
import type { SimulatedClock } from '../../faults/simulated-clock.ts';

interface Started {
  id: string;
  name: string;
  token: string;
  nonce: string | null;
  startedAt: number;
  cancelledAt: number | null;
}

export const down = () => new DatabricksError({ code: 'NO_CONNECTION', status: 0, message: 'no connection' });

/**
 * The slice of a workspace that runs need, by the rules that matter here: a token of `runs/submit` covers active runs
 * only, one of `run-now` covers its run for ever. Faults come before the call has an effect, or after it.
 */
export class FakeDatabricks {
  readonly #clock: SimulatedClock;
  readonly started: Started[] = [];
  /** How often each was written. */
  readonly files = new Map<string, number>();
  readonly #writtenAt = new Map<string, number>();
  readonly calls: string[] = [];
  /** How long a run takes, milliseconds. */
  takesMs = 4_000;
  /** Asked before each call, and after its effect, and waited for; what it gives is thrown. */
  fault: (method: string, when: 'before' | 'after') => Error | null | Promise<Error | null> = () => null;

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  isActive(run: Started): boolean {
    return run.cancelledAt === null && this.#clock.now().getTime() - run.startedAt < this.takesMs;
  }

  readonly port: TrainingWorkspace = this.#port();

  #start(name: string, token: string, nonce: string | null): string {
    const id = String(this.started.length + 1);
    const startedAt = this.#clock.now().getTime();
    this.started.push({ id, name, token, nonce, startedAt, cancelledAt: null });
    return id;
  }

  #remote(id: string): RemoteRun | null {
    const run = this.started.find((one) => one.id === id);
    if (!run) return null;
    const ended = !this.isActive(run);
    const endedAt = ended ? (run.cancelledAt ?? run.startedAt + this.takesMs) : null;
    return {
      id,
      url: `https://workspace/${id}`,
      phase: ended ? 'ended' : 'running',
      result: ended ? (run.cancelledAt === null ? 'succeeded' : 'cancelled') : null,
      message: '',
      startedAt: run.startedAt,
      endedAt,
      tasks: [],
    };
  }

  #port(): TrainingWorkspace {
    const act = async <Result>(method: string, effect: () => Result): Promise<Result> => {
      this.calls.push(method);
      const before = await this.fault(method, 'before');
      if (before) throw before;
      const result = effect();
      const after = await this.fault(method, 'after');
      if (after) throw after;
      return result;
    };
    return {
      ensureExperiment: () => act('ensureExperiment', () => '1'),
      writtenAt: (_as, path) => act('writtenAt', () => this.#writtenAt.get(path) ?? null),
      makeFolders: () => act('makeFolders', () => {}),
      writeFile: (_as, path) =>
        act('writeFile', () => {
          this.files.set(path, (this.files.get(path) ?? 0) + 1);
          if (!this.#writtenAt.has(path)) this.#writtenAt.set(path, this.#clock.now().getTime());
        }),
      submit: (_as, { name, token }) =>
        act('submit', () => {
          const active = this.started.find((run) => run.token === token && this.isActive(run));
          return active?.id ?? this.#start(name, token, null);
        }),
      findSubmitted: (_as, token, since) =>
        act(
          'findSubmitted',
          () =>
            this.started.findLast((run) => run.name.endsWith(` ${token}`) && run.startedAt >= since)?.id ??
            null,
        ),
      findStarted: (_as, { nonce }) =>
        act('findStarted', () => this.started.find((run) => run.nonce === nonce)?.id ?? null),
      startJob: (_as, { id, token, optional }) =>
        act('startJob', () => {
          const known = this.started.find((run) => run.token === token);
          return known?.id ?? this.#start(`job ${id}`, token, optional.nonce ?? null);
        }),
      run: (_as, id) => act('run', () => this.#remote(id)),
      output: () => act('output', () => ({ logs: '', truncated: false, error: null, trace: null })),
      cancel: (_as, id) =>
        act('cancel', () => {
          const run = this.started.find((one) => one.id === id);
          if (run && this.isActive(run)) run.cancelledAt = this.#clock.now().getTime();
        }),
      taggedRuns: (_as, _experiment, _tag, value) =>
        act('taggedRuns', () => [
          { id: `mlflow ${value}`, parent: null, metrics: { rmse: 0.7 }, parameters: {} },
        ]),
      history: () => act('history', () => []),
      versions: () => act('versions', () => []),
      artifacts: () => act('artifacts', () => []),
    };
  }
}
