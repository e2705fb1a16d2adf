import type { RepositoryView } from '../../contract/repository.ts';
import type { PullApi } from '../api/pull-api.ts';
import type { Live } from '../live/live.ts';
import { Resource } from './resource.ts';

/** The repository's head: production, configuration, connection, permissions; kept up to date. */
export class RepositoryModel {
  readonly view: Resource<RepositoryView>;

  constructor(api: PullApi, live: Live, abort: AbortSignal) {
    this.view = new Resource((signal) => api.repository(signal), abort);
    live.listen(
      () => true,
      () => void this.view.refresh(),
      abort,
    );
    void this.view.refresh();
  }
}
