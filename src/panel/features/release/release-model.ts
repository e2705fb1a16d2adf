import { signal } from '@preact/signals';
import type { Release, ReleasePlan } from '../../../contract/release.ts';
import type { ProblemError } from '../../api/problem-error.ts';
import { asProblemError } from '../../api/problem-error.ts';
import type { RepositoryApi } from '../../api/repository-api.ts';
import type { Live } from '../../live/live.ts';
import type { ReleaseTarget } from '../tab/tab-model.ts';

/** How often a running release is looked at where no live change tells of it, ms. */
const pollEvery = 1_000;

/** From the plan over the confirmation to what is true at the end. */
export class ReleaseModel {
  readonly plan = signal<ReleasePlan | null>(null);
  /** The plan was replaced by a fresh one: nothing was done. */
  readonly outdated = signal(false);
  readonly release = signal<Release | null>(null);
  readonly problem = signal<ProblemError | null>(null);
  readonly busy = signal<'plan' | 'start' | 'finish' | 'undo' | 'lift' | null>(null);
  /** The hold that this rollback set was lifted from here. */
  readonly lifted = signal(false);
  readonly reason = signal('');
  readonly #api: RepositoryApi;
  readonly #target: ReleaseTarget;
  readonly #signal: AbortSignal;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(api: RepositoryApi, live: Live, target: ReleaseTarget, stop: AbortSignal) {
    this.#api = api;
    this.#target = target;
    this.#signal = stop;
    live.listen(
      (event) => event.kind === 'release' && event.id === this.release.value?.id,
      () => void this.#look(),
      stop,
    );
    stop.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
    if (target.release === null) void this.#planNow();
    else void this.#follow(target.release);
  }

  async #planNow(): Promise<void> {
    await this.#while('plan', async () => {
      this.plan.value = await this.#api.plan(this.#target.model, this.#wanted(), this.#signal);
    });
  }

  /** Carries out the plan that is shown. */
  async confirm(): Promise<void> {
    const plan = this.plan.value;
    if (plan === null) return;
    const reason = this.reason.value.trim();
    await this.#while('start', async () => {
      this.outdated.value = false;
      this.#shown(
        await this.#api.release(this.#target.model, {
          ...this.#wanted(),
          digest: plan.digest,
          ...(reason === '' ? {} : { reason }),
        }),
      );
    });
  }

  async resolve(how: 'finish' | 'undo'): Promise<void> {
    const release = this.release.value;
    if (release === null) return;
    await this.#while(how, async () => {
      this.#shown(await (how === 'finish' ? this.#api.finish(release.id) : this.#api.undo(release.id)));
    });
  }

  async liftHold(): Promise<void> {
    await this.#while('lift', async () => {
      await this.#api.liftHold(this.#target.model);
      this.lifted.value = true;
    });
  }

  async #while(what: 'plan' | 'start' | 'finish' | 'undo' | 'lift', act: () => Promise<void>): Promise<void> {
    this.busy.value = what;
    this.problem.value = null;
    try {
      await act();
    } catch (error) {
      const problem = asProblemError(error);
      const fresh = problem.problem?.plan as ReleasePlan | undefined;
      if (problem.code === 'plan-outdated' && fresh) {
        this.plan.value = fresh;
        this.outdated.value = true;
      } else {
        this.problem.value = problem;
      }
    } finally {
      this.busy.value = null;
    }
  }

  #wanted() {
    return { kind: this.#target.kind, toVersion: this.#target.toVersion };
  }

  async #follow(id: string): Promise<void> {
    await this.#while('plan', async () => {
      this.#shown(await this.#api.releaseOf(id, this.#signal));
    });
  }

  #shown(release: Release): void {
    this.release.value = release;
    clearTimeout(this.#timer);
    if (release.state === 'running' && !this.#signal.aborted) {
      this.#timer = setTimeout(() => void this.#look(), pollEvery);
    }
  }

  async #look(): Promise<void> {
    const id = this.release.value?.id;
    if (id === undefined || this.#signal.aborted) return;
    try {
      this.#shown(await this.#api.releaseOf(id, this.#signal));
      this.problem.value = null;
    } catch (error) {
      if (this.#signal.aborted) return;
      this.problem.value = asProblemError(error);
      this.#timer = setTimeout(() => void this.#look(), pollEvery * 3);
    }
  }
}
