import { channel } from 'node:diagnostics_channel';
import { expect, vi } from 'vitest';
import type { Moment } from '../../src/server/duty/moments.ts';
import { reportMarker } from '../../src/server/report/render-report.ts';
import type { Rooms } from './all-rooms.ts';
import { commit, configuration, finish, startWholeBackend } from './all-rooms.ts';
import type { BackendOptions, TestBackend } from './backend-with-forge.ts';
import { makeRepository } from './backend-with-forge.ts';

const path = '/repos/ml/wine-quality';

export interface ShownComment {
  id: number;
  body: string;
  user: { login: string };
}

/**
 * The whole backend with `ml/wine-quality`, whose pull request was found by the reconciler, trained and reported on.
 * Nothing is delivered: what Gitea has is found by `reconcile`.
 */
export async function openReportedPull(options: Pick<BackendOptions, 'botFetch'> = {}) {
  const backend = await startWholeBackend(options);
  const repository = await makeRepository(backend);
  await commit(backend, 'main', '.gitea/databricks.yml', configuration);
  const head = await commit(backend, 'change', 'train.py', 'print()');
  const index = await openPull(backend, 'change');
  const { rooms } = backend;
  rooms.duties.outbox.start();
  const scene = {
    backend,
    rooms: rooms as Rooms,
    repository,
    head,
    index,
    path,
    as: (user: string, method: string, below: string, body?: unknown) =>
      backend.forge.api(user, method, `${path}${below}`, body),
    /** One round of the reconciler, and everything that it led to has gone out. */
    async reconcile(): Promise<void> {
      await rooms.training.reconciler.reconcile();
      await sent(backend);
    },
    sent: () => sent(backend),
    /** Enqueues the report as a change would, and waits until it is out. */
    async report(pull = index): Promise<void> {
      await backend.transactor.transaction(({ outbox }) =>
        outbox.enqueue({
          topic: 'report',
          key: `report:${repository}:${pull}`,
          payload: { repository, pull },
        }),
      );
      rooms.duties.outbox.wake();
      await sent(backend);
    },
    async comments(pull = index): Promise<ShownComment[]> {
      return (await backend.forge.api('ada', 'GET', `${path}/issues/${pull}/comments`)).body;
    },
    async ofBot(pull = index): Promise<ShownComment[]> {
      return (await scene.comments(pull)).filter(({ user }) => user.login === 'bot');
    },
    runs: (pull = index) => backend.transactor.stores.runs.ofPull(repository, pull, 50),
    async audited(action: string): Promise<Record<string, unknown>[]> {
      const { items } = await backend.transactor.stores.audit.list({ repository, before: null, limit: 200 });
      return items.filter((item) => item.action === action).map(({ detail }) => detail);
    },
    async close(): Promise<void> {
      await rooms.duties.deliveries.stop();
      await rooms.duties.outbox.stop();
      await backend.close();
    },
  };
  await scene.reconcile();
  const [run] = await scene.runs();
  if (!run) throw new Error('the pull request was not found');
  await finish(backend, run, { rmse: 0.7 });
  await scene.report();
  expect(await scene.ofBot()).toHaveLength(1);
  return scene;
}

export type ReportedPull = Awaited<ReturnType<typeof openReportedPull>>;

/** A comment that looks like the report. */
export const imitation = `${reportMarker}\n### Both gates pass`;

/** Opens a pull request from a branch. @returns its index */
export async function openPull(backend: TestBackend, branch: string, by = 'wendy'): Promise<number> {
  const answer = await backend.forge.api(by, 'POST', `${path}/pulls`, {
    head: branch,
    base: 'main',
    title: `Try ${branch}`,
  });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body.number;
}

async function sent(backend: TestBackend): Promise<void> {
  await vi.waitFor(
    async () => expect(await backend.transactor.stores.outbox.counts()).toMatchObject({ pending: 0 }),
    { timeout: 30_000, interval: 20 },
  );
}

/** The moments that are reached while something happens, in their order. */
export async function momentsOf(work: () => Promise<unknown>): Promise<Moment[]> {
  const seen: Moment[] = [];
  const hear = (moment: unknown) => void seen.push(moment as Moment);
  const moments = channel('gitea-databricks:moment');
  moments.subscribe(hear);
  try {
    await work();
  } finally {
    moments.unsubscribe(hear);
  }
  return seen;
}
