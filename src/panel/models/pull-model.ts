import { signal } from '@preact/signals';
import type { PullView } from '../../contract/pull.ts';
import type { TrainRequest } from '../../contract/run.ts';
import type { PullApi } from '../api/pull-api.ts';
import type { Live } from '../live/live.ts';
import { Acts } from './act.ts';
import { Resource } from './resource.ts';

export type PullAct = 'train' | 'cancel' | 'retry';

/** The state behind a pull request's box and status line, kept up to date until the signal aborts. */
export class PullModel {
  readonly view: Resource<PullView>;
  readonly acts = new Acts<PullAct>();
  /** Which part of the details is open; null: collapsed. */
  readonly open = signal<'metrics' | 'new-run' | 'runs' | null>(null);
  readonly api: PullApi;
  readonly #index: number;

  constructor(api: PullApi, live: Live, index: number, abort: AbortSignal) {
    this.api = api;
    this.#index = index;
    let first = '';
    this.view = new Resource(async (signal) => {
      const view = await api.pull(index, signal);
      first ||= view.head;
      // A fork's commit that came in while the page was open: the box shows it at once, maybe under somebody's
      // finger, while the changes around it are those that were there before. Nobody approves it from here.
      if (view.fork && view.head !== first && view.actions.train.allowed) {
        view.actions.train = view.actions.retry = {
          allowed: false,
          code: '',
          reason: 'New commit: reload the page.',
        };
      }
      return view;
    }, abort);
    live.listen(
      // A release may change what this is compared with, a configuration what it is judged by.
      (event) => event.kind !== 'run' || event.pulls.includes(index),
      () => void this.view.refresh(),
      abort,
    );
    void this.view.refresh();
  }

  /** Trains the head that the page shows; a head that has moved on is refused by the backend. */
  async train(parameters?: TrainRequest['parameters']): Promise<boolean> {
    const head = this.view.data.value?.head;
    const done = await this.acts.run('train', () =>
      this.api.train({ pull: this.#index, commit: head, parameters }),
    );
    return this.#after(done);
  }

  async cancel(): Promise<boolean> {
    return this.#onRun('cancel', (run) => this.api.cancel(run));
  }

  async retry(): Promise<boolean> {
    return this.#onRun('retry', (run) => this.api.retry(run));
  }

  async #onRun(what: PullAct, act: (run: string) => Promise<unknown>): Promise<boolean> {
    const run = this.view.data.value?.run?.id;
    if (run === undefined) return false;
    return this.#after(await this.acts.run(what, () => act(run)));
  }

  /** Whether this act is on its way. */
  isBusy(act: PullAct): boolean {
    const now = this.acts.now.value;
    return now.state === 'running' && now.what === act;
  }

  /** Refused or not: what the page shows may be what led to the refusal. */
  async #after(done: boolean): Promise<boolean> {
    await this.view.refresh();
    return done;
  }
}
