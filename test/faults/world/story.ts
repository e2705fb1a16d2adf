import { setTimeout as sleep } from 'node:timers/promises';
import type { BackendApi } from '../../../bench/sign-in.ts';
import type { ModelList, ReleasePlan } from '../../../src/contract/release.ts';
import type { PullRow } from '../../../src/emulator/gitea/store/rows.ts';
import type { StoreView } from '../invariants/store-view.ts';
import { unfinished } from '../invariants/unfinished.ts';
import { eventually } from './eventually.ts';
import type { TrainingPlan } from './in-process-programs.ts';
import { beginRepository, runStates, settled, usualPlan } from './trainings.ts';
import type { World } from './world.ts';
import { jobConfiguration } from './world.ts';

/** What people do. */
export const deeds = [
  /** A commit on the branch of an open pull request. */
  'push',
  /** Two of them, the second before the first is trained. */
  'push-twice',
  /** A new branch with a pull request. */
  'open',
  /** An approved, trained pull request is merged; its version is promoted. */
  'merge',
  /** A commit on the production branch. */
  'push-main',
  /** Production goes back to a version that was there before. */
  'rollback',
  /** A person asks for another training by a comment. */
  'command',
  /** Somebody ends by a comment what is under way. */
  'cancel',
  /** Somebody asks by a comment for what was cancelled or failed once more. */
  'retry',
  /** A commit whose training fails. */
  'fail',
  /** A push whose webhook never comes. */
  'unheard-push',
] as const;
export type Deed = (typeof deeds)[number];

/** People at work in one repository, with a backend that may be gone at any time. */
export class Story {
  readonly world: World;
  readonly view: StoreView;
  readonly fullName: string;
  readonly #api: BackendApi;
  readonly #count: { commits: number; branches: number };
  #branch = '';

  private constructor(world: World, view: StoreView, fullName: string, api: BackendApi) {
    this.world = world;
    this.view = view;
    this.fullName = fullName;
    this.#api = api;
    this.#count = { commits: 0, branches: 0 };
  }

  /** First commit, first version in production, first pull request. A backend has to serve already. */
  static async begin(world: World, view: StoreView, fullName = 'ml/wine'): Promise<Story> {
    const story = new Story(world, view, fullName, await world.signIn('ada'));
    await beginRepository(world, fullName);
    await story.rest();
    await world.adopt(1);
    await world.protect(fullName);
    // A second version was in production too, so that there is one to go back to.
    for (const deed of ['open', 'merge', 'open'] as const) {
      await story.do(deed);
      await story.rest();
    }
    return story;
  }

  /** A repository that trains by the binding's job. One with a version in production has to be there already. */
  static async beginWithJob(world: World, view: StoreView, fullName: string): Promise<Story> {
    const story = new Story(world, view, fullName, await world.signIn('ada'));
    await beginRepository(world, fullName, jobConfiguration);
    await story.rest();
    await story.do('open');
    await story.rest();
    return story;
  }

  /** Waits until nothing is under way any more. @throws with what stays */
  async rest(withinMs = 120_000): Promise<void> {
    await settled(this.world, this.view, { withinMs, everyMs: 50 });
  }

  /** Waits for that as well, but no longer than this. */
  async restAWhile(milliseconds: number): Promise<void> {
    const late = performance.now() + milliseconds;
    while (performance.now() < late && (await unfinished(this.world, this.view)).length > 0) await sleep(100);
  }

  /** What a deed needs, prepared while nothing is at stake. Nothing may be under way. */
  async prepare(deed: Deed): Promise<void> {
    if (deed === 'open' || deed === 'push-main') return;
    const id = this.world.forge.repository(this.fullName).id;
    // After a rollback nothing is promoted until somebody says so.
    const holds = await this.view.rows<{ model_name: string }>('select model_name from holds');
    if (holds.length > 0) await this.#api(`repositories/${id}/models/wine/hold/lift`, {});
    if (this.#openPull() === undefined) {
      await this.do('open');
      await this.rest();
    }
    if (deed === 'cancel') {
      const plan = { ...usualPlan, milliseconds: 4_000 };
      await this.world.forge.push('walt', this.fullName, this.#commit(this.#branch, plan));
      await eventually('a training under way', async () => (await runStates(this.view)).running);
    }
    if (deed === 'retry') {
      await this.do('fail');
      await this.rest();
    }
    // What failed or was cancelled is not merged.
    if (deed === 'merge' && !(await this.#isTrained())) {
      await this.do('push');
      await this.rest();
    }
  }

  async do(deed: Deed): Promise<void> {
    const { forge } = this.world;
    const { fullName } = this;
    // After a merge the next deed begins with another branch.
    const needsPull = !['open', 'push-main', 'rollback'].includes(deed);
    if (needsPull && this.#openPull() === undefined) await this.do('open');
    switch (deed) {
      case 'push':
        await forge.push('walt', fullName, this.#commit(this.#branch));
        return;
      case 'push-twice':
        await forge.push('walt', fullName, this.#commit(this.#branch));
        await forge.push('walt', fullName, this.#commit(this.#branch));
        return;
      case 'open':
        this.#count.branches += 1;
        this.#branch = `try-${this.#count.branches}`;
        await forge.push('walt', fullName, { ...this.#commit(this.#branch), from: 'main' });
        await forge.openPull('walt', fullName, this.#branch);
        return;
      case 'merge': {
        const pull = this.#openPull() as PullRow;
        await forge.approve('wendy', fullName, pull.index);
        await forge.merge('ada', fullName, pull.index);
        return;
      }
      case 'push-main':
        await forge.push('ada', fullName, this.#commit('main'));
        return;
      case 'rollback':
        await this.#rollBack();
        return;
      case 'command':
        await this.#command('train');
        return;
      case 'cancel':
      case 'retry':
        await this.#command(deed);
        return;
      case 'fail':
        await forge.push('walt', fullName, this.#commit(this.#branch, { metrics: {}, fail: 'no data' }));
        return;
      case 'unheard-push': {
        const backends = this.world.backends.splice(0);
        await forge.push('walt', fullName, this.#commit(this.#branch));
        await forge.forge.webhooksSent();
        this.world.backends.push(...backends);
        return;
      }
    }
  }

  /** A release that failed half-way is finished by a person. */
  async finishHalfDone(): Promise<void> {
    const id = this.world.forge.repository(this.fullName).id;
    for (;;) {
      const [release] = await this.view.rows<{ id: string }>(
        "select id from releases where state = 'partial'",
      );
      if (!release) return;
      await this.#api(`repositories/${id}/releases/${release.id}/finish`, {});
      await this.rest();
    }
  }

  async #command(verb: 'train' | 'cancel' | 'retry'): Promise<void> {
    const pull = this.#openPull() as PullRow;
    // She has a session here: by it the backend knows what she may do.
    await this.world.forge.comment('ada', this.fullName, pull.index, `/databricks ${verb}`);
  }

  async #isTrained(): Promise<boolean> {
    const { headSha } = this.#openPull() as PullRow;
    const runs = await this.view.rows<{ commit_sha: string }>(
      "select commit_sha from runs where state = 'succeeded'",
    );
    return runs.some((run) => run.commit_sha === headSha);
  }

  #commit(branch: string, plan: TrainingPlan = usualPlan) {
    this.#count.commits += 1;
    const number = this.#count.commits;
    return {
      branch,
      message: `Change ${number}`,
      files: { [`data/${number}.csv`]: `value\n${number}\n`, 'plan.json': JSON.stringify(plan) },
    };
  }

  #openPull() {
    const repositoryId = this.world.forge.repository(this.fullName).id;
    const { pulls } = this.world.forge.forge.context.store;
    return pulls.find({ repositoryId, state: 'open', headBranch: this.#branch });
  }

  /** As the panel's button does: plan, then the plan's digest. */
  async #rollBack(): Promise<void> {
    const id = this.world.forge.repository(this.fullName).id;
    const base = `repositories/${id}/models`;
    const { models } = await this.#api<ModelList>(base);
    const [model] = models;
    const target = model?.versions.find(
      ({ version, rollback }) => version !== model.champion && rollback.allowed,
    );
    if (!model || !target) throw new Error('There is no version to go back to.');
    const wanted = { kind: 'rollback', toVersion: target.version };
    const plan = await this.#api<ReleasePlan>(`${base}/${model.key}/plans`, wanted);
    await this.#api(`${base}/${model.key}/releases`, {
      ...wanted,
      digest: plan.digest,
      reason: 'a fault test',
    });
  }
}
