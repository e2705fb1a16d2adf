import { signal } from '@preact/signals';
import type { AuditList } from '../../../contract/audit.ts';
import type { ModelList, ReleaseList } from '../../../contract/release.ts';
import type { RunList, RunSummary } from '../../../contract/run.ts';
import { Acts } from '../../models/act.ts';
import { RepositoryModel } from '../../models/repository-model.ts';
import { Resource } from '../../models/resource.ts';
import type { PanelContext } from '../../panel-context.ts';
import { ParkedModel } from './parked-model.ts';
import type { Route } from './route.ts';
import { comparable, routeOf } from './route.ts';

const pageSize = 50;

/** The state of the tab: which view, and the lists behind the views. Everything ends with the signal. */
export class TabModel {
  readonly route = signal<Route>(routeOf(location.hash));
  readonly repository: RepositoryModel;
  readonly runs: Resource<RunList>;
  readonly models: Resource<ModelList>;
  readonly releases: Resource<ReleaseList>;
  readonly audit: Resource<AuditList>;
  readonly parked: ParkedModel;
  readonly filter = signal<{ query: string; state: string }>({ query: '', state: '' });
  /** `started`, newest first, or a metric, best first. */
  readonly sort = signal('started');
  /** Runs that are marked for comparing, in the order of marking. */
  readonly selected = signal<readonly string[]>([]);
  /** How many rows are wanted; grows with "Show more". */
  readonly wanted = signal(pageSize);
  readonly auditWanted = signal(pageSize);
  /** The release that the dialog plans or follows; null: no dialog. */
  readonly dialog = signal<ReleaseTarget | null>(null);
  readonly acts = new Acts<'lift'>();
  readonly context: PanelContext;

  constructor(context: PanelContext, abort: AbortSignal) {
    const { api, live } = context;
    this.context = context;
    this.repository = new RepositoryModel(api, live, abort);
    this.parked = new ParkedModel(api, this.repository, abort);
    this.runs = new Resource((stop) => this.#loadRuns(stop), abort);
    this.models = new Resource((stop) => api.models(stop), abort);
    this.releases = new Resource((stop) => api.releases(stop), abort);
    this.audit = new Resource((stop) => this.#loadAudit(stop), abort);
    window.addEventListener('hashchange', () => this.#go(routeOf(location.hash)), { signal: abort });
    live.listen(
      () => true,
      () => this.refresh(),
      abort,
    );
    this.refresh();
  }

  #go(route: Route): void {
    this.route.value = route;
    this.refresh();
  }

  /** Fetches what the current view shows; a run and a comparison fetch theirs. */
  refresh(): void {
    const lists: Partial<Record<Route['view'], Resource<unknown>>> = {
      runs: this.runs,
      models: this.models,
      releases: this.releases,
      audit: this.audit,
    };
    void lists[this.route.value.view]?.refresh();
    // The chart of the releases takes its metrics from the versions.
    if (this.route.value.view === 'releases') void this.models.refresh();
  }

  search(change: Partial<{ query: string; state: string }>): void {
    this.filter.value = { ...this.filter.value, ...change };
    this.wanted.value = pageSize;
    void this.runs.refresh();
  }

  sortBy(by: string): void {
    this.sort.value = this.sort.value === by ? 'started' : by;
    void this.runs.refresh();
  }

  /** Marks a run for comparing, or no longer; beyond what fits the oldest mark goes. */
  select(id: string): void {
    const before = this.selected.value;
    this.selected.value = before.includes(id)
      ? before.filter((other) => other !== id)
      : [...before, id].slice(-comparable);
  }

  showMore(): void {
    this.wanted.value += pageSize;
    void this.runs.refresh();
  }

  showMoreAudit(): void {
    this.auditWanted.value += pageSize;
    void this.audit.refresh();
  }

  async liftHold(model: string): Promise<void> {
    await this.acts.run('lift', () => this.context.api.liftHold(model));
    await Promise.all([this.repository.view.refresh(), this.releases.refresh()]);
  }

  /** All pages up to the wanted number, so that a refresh shows no gap. */
  async #loadRuns(stop: AbortSignal): Promise<RunList> {
    const { query, state } = this.filter.value;
    const page = (cursor?: string) =>
      this.context.api.runs(
        { query: query.trim() || undefined, state: state || undefined, sort: this.sort.value, cursor },
        stop,
      );
    let list = await page();
    const items: RunSummary[] = [...list.items];
    while (list.next !== null && items.length < this.wanted.value) {
      list = await page(list.next);
      items.push(...list.items);
    }
    return { ...list, items };
  }

  async #loadAudit(stop: AbortSignal): Promise<AuditList> {
    let list = await this.context.api.audit({ limit: pageSize }, stop);
    const items = [...list.items];
    while (list.next !== null && items.length < this.auditWanted.value) {
      list = await this.context.api.audit({ cursor: list.next, limit: pageSize }, stop);
      items.push(...list.items);
    }
    return { ...list, items };
  }
}

/** What the release dialog is about. */
export interface ReleaseTarget {
  model: string;
  kind: 'promotion' | 'rollback';
  toVersion: number;
  /** An earlier release to look at (half done) instead of a new plan. */
  release: string | null;
}
