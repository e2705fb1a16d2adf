import { effect, signal } from '@preact/signals';
import type { ParkedList, ParkedMessage } from '../../../contract/outbox.ts';
import type { RepositoryApi } from '../../api/repository-api.ts';
import { Acts } from '../../models/act.ts';
import type { RepositoryModel } from '../../models/repository-model.ts';
import { Resource } from '../../models/resource.ts';

/** What could not be delivered: asked for only by those who may know, whenever something of the repository changed. */
export class ParkedModel {
  readonly list: Resource<ParkedList>;
  /** Named by the message's id. */
  readonly acts = new Acts<string>();
  /** Those that go out again since this page was opened. */
  readonly retried = signal<readonly ParkedMessage[]>([]);
  readonly #api: RepositoryApi;

  constructor(api: RepositoryApi, repository: RepositoryModel, abort: AbortSignal) {
    this.#api = api;
    this.list = new Resource((stop) => api.parked(stop), abort);
    const stop = effect(() => {
      if (repository.view.data.value?.permissions.administer.allowed) void this.list.refresh();
    });
    abort.addEventListener('abort', stop, { once: true });
  }

  async retry(message: ParkedMessage): Promise<void> {
    const others = this.retried.value.filter(({ id }) => id !== message.id);
    if (await this.acts.run(message.id, () => this.#api.retryMessage(message.id)))
      this.retried.value = [...others, message];
    await this.list.refresh();
  }
}
