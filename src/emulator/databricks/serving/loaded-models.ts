import { createModels } from '../catalog/models.ts';
import { createVersions } from '../catalog/versions.ts';
import type { WorkspaceContext } from '../context.ts';
import type { ModelWorker } from './model-worker.ts';

/** The most models in memory at once (each about 200 MB). */
const most = 8;

/** A process that lived this long is started again at once when it dies. */
const restartAfterMs = 5000;

type LoadState = 'loading' | 'ready' | 'failed' | 'absent';

export interface LoadedModels {
  /** The worker of a version, started when there is none. @throws why it cannot be loaded. */
  use(model: string, version: number): Promise<ModelWorker>;
  state(model: string, version: number): LoadState;
  /** Ends every worker whose version is not in the list. */
  keepOnly(versions: readonly { model: string; version: number }[]): Promise<void>;
  close(): Promise<void>;
}

interface Slot {
  worker: Promise<ModelWorker>;
  /** Gives up loading. */
  stop: AbortController;
  state: LoadState;
}

const keyOf = (model: string, version: number) => `${model}/${version}`;

/** Never resolves; rejects when the signal is raised. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const refuse = () => reject(new Error('Loading the model was given up.'));
    if (signal.aborted) refuse();
    else signal.addEventListener('abort', refuse, { once: true });
  });
}

/** The processes that serve models: one for each version, shared by the endpoints that serve it. */
export function createLoadedModels(context: WorkspaceContext): LoadedModels {
  const models = createModels(context);
  const versions = createVersions(context, models);
  const slots = new Map<string, Slot>();

  async function load(model: string, number: number, signal: AbortSignal): Promise<ModelWorker> {
    const version = versions.get(model, number);
    if (version.status !== 'READY') throw new Error(`Version ${number} of ${model} is ${version.status}.`);
    const folder = versions.folder(version);
    context.log.info({ model, version: number }, 'loading a model');
    return await Promise.race([context.programs.serve(folder, signal), aborted(signal)]);
  }

  async function end(key: string): Promise<void> {
    const slot = slots.get(key);
    slots.delete(key);
    slot?.stop.abort();
    // One that could not be loaded has no process.
    const worker = await slot?.worker.catch(() => undefined);
    await worker?.stop();
  }

  function use(model: string, version: number): Promise<ModelWorker> {
    const key = keyOf(model, version);
    const existing = slots.get(key);
    if (existing) return existing.worker;
    if (slots.size >= most)
      return Promise.reject(new Error(`The workspace serves ${most} model versions already, its most.`));
    const stop = new AbortController();
    const slot: Slot = { worker: load(model, version, stop.signal), stop, state: 'loading' };
    slots.set(key, slot);
    slot.worker.then(
      (worker) => {
        slot.state = 'ready';
        void restartWhenItDies(slot, worker, model, version);
      },
      () => {
        slot.state = 'failed';
        if (slots.get(key) === slot) slots.delete(key);
      },
    );
    return slot.worker;
  }

  /** One that dies young would die again: it is left alone until somebody asks for it. */
  async function restartWhenItDies(slot: Slot, worker: ModelWorker, model: string, version: number) {
    const since = context.clock.now();
    await worker.ended;
    const key = keyOf(model, version);
    if (slots.get(key) !== slot) return;
    slots.delete(key);
    context.log.warn({ model, version }, "a model's process died");
    if (context.clock.now() - since > restartAfterMs)
      await use(model, version).catch((error: unknown) =>
        context.log.warn({ err: error, model, version }, 'a model was not loaded again'),
      );
  }

  return {
    use,
    state: (model, version) => slots.get(keyOf(model, version))?.state ?? 'absent',
    async keepOnly(wanted) {
      const keys = new Set(wanted.map(({ model, version }) => keyOf(model, version)));
      await Promise.all([...slots.keys()].filter((key) => !keys.has(key)).map(end));
    },
    async close() {
      await Promise.all([...slots.keys()].map(end));
    },
  };
}
