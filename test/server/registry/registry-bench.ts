import { onTestFinished, vi } from 'vitest';
import type { Person } from '../../../src/contract/person.ts';
import type { AuditDraft } from '../../../src/server/audit/entry.ts';
import { systemClock } from '../../../src/server/duty/clock.ts';
import type { OutboxMessage } from '../../../src/server/outbox/ports.ts';
import type { BoundRepository } from '../../../src/server/permission/bound-repository.ts';
import { Catalogue } from '../../../src/server/registry/catalogue.ts';
import { Merges } from '../../../src/server/registry/merges.ts';
import type { MergedPulls, RegistryStores, TrainedVersion } from '../../../src/server/registry/ports.ts';
import { ReleaseRunner } from '../../../src/server/registry/release-runner.ts';
import { Releases } from '../../../src/server/registry/releases.ts';
import type { Asking } from '../../../src/server/registry/requester.ts';
import { createAnswerStore } from '../../../src/server/store/answer-store.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import { createReleaseStore } from '../../../src/server/store/release-store.ts';
import { createTransactor } from '../../../src/server/store/transactor.ts';
import { testDatabase } from '../store/test-database.ts';
import { MemoryTarget } from './memory-target.ts';

export const wendy: Person = { id: 7, name: 'wendy', fullName: 'Wendy', avatarUrl: '' };
export const requester: Asking = {
  person: wendy,
  actor: { kind: 'person', id: 7, name: 'wendy' },
  requestId: 'request-1',
};

export const repository: BoundRepository = {
  id: 42,
  fullName: 'ml/wine',
  owner: 'ml',
  name: 'wine',
  url: 'http://gitea.test/ml/wine',
  defaultBranch: 'main',
  productionBranch: 'main',
  binding: {
    id: 'wine',
    repositories: ['ml/wine'],
    workspace: 'main',
    branch: null,
    experiment: '/Shared/gitea/{repository_id}',
    jobs: {},
    models: { wine: { name: 'ml.prod.wine', alias: 'champion', endpoint: 'wine' } },
    principals: { trainer: 't', releaser: 'r', fork: 'f' },
    floors: {},
  },
  workspace: {
    name: 'main',
    host: 'http://workspace.test',
    accountId: 'a',
    auth: { kind: 'federation', audience: 'a' },
    reader: 'x',
  },
};

export function trainedVersion(version: number, change: Partial<TrainedVersion> = {}): TrainedVersion {
  return {
    run: `run-${version}`,
    number: version,
    title: `Change ${version}`,
    state: 'succeeded',
    trust: 'base',
    commit: String(version).repeat(40).slice(0, 40),
    branch: null,
    model: 'wine',
    version,
    pull: version,
    pulls: [version],
    merged: true,
    judgedAgainst: 1,
    outcome: 'pass',
    verdictTitle: 'All 2 gates pass',
    metrics: { rmse: 0.6 - version / 100 },
    primary: 'rmse',
    gates: [{ metric: 'rmse', direction: 'lower', limit: null, regression: 0.02 }],
    onMerge: 'promote',
    ...change,
  };
}

/** The registry room over a real database, with the workspace and Gitea in memory. */
export async function registryBench() {
  const database = await testDatabase();
  const db = await openDatabase(database.target);
  onTestFinished(async () => {
    await db.destroy();
    await database.drop();
  });
  const audit: AuditDraft[] = [];
  const sent: OutboxMessage[] = [];
  const transactor = createTransactor<RegistryStores>(db, (connection) => ({
    releases: createReleaseStore(connection),
    answers: createAnswerStore(connection),
    outbox: { enqueue: async (message) => void sent.push(message) },
    audit: { append: async (draft) => void audit.push(draft) },
  }));
  const target = new MemoryTarget();
  const runs = new Map<number, TrainedVersion>();
  const pull = {
    merged: true,
    mergedInto: 'main',
    head: '',
    fork: false,
    title: 'A change',
    url: '',
    mergedBy: wendy as Person | null,
    mergedAt: '2026-02-01T10:00:00Z' as string | null,
  };
  const approvals = { branchProtected: true, required: 1, counted: ['ada'] };
  const pulls: MergedPulls = {
    pull: async (_repository, index) => ({ ...pull, head: pull.head || (runs.get(index)?.commit ?? '') }),
    approvals: async () => approvals,
  };
  const trained = {
    byVersion: async () => runs,
    forMerge: async (_repository: number, index: number) => runs.get(index) ?? null,
    latestOfPull: async (_repository: number, index: number) => runs.get(index) ?? null,
    active: async () => [],
  };
  const repositories = {
    find: async () => repository,
    current: async () => repository,
    findByName: async () => repository,
    all: async () => [repository],
    discover: async () => new Map(),
    see: async () => repository,
  };
  const rules = { onMerge: 'promote' as const, gates: trainedVersion(1).gates, primary: 'rmse' };
  const common = {
    transactor,
    target,
    trained,
    pulls,
    repositories,
    rules: async () => rules,
    wakeOutbox: () => undefined,
  };
  const announcer = { announce: () => undefined };
  const now = { past: 0 };
  const clock = {
    ...systemClock,
    now: () => new Date(Date.now() + now.past),
    // Nobody here needs a rest.
    after: (milliseconds: number, call: () => void) => systemClock.after(Math.min(milliseconds, 10), call),
  };
  const runner = new ReleaseRunner({
    ...common,
    announcer,
    clock,
    log: { warn: () => undefined, error: () => undefined },
    endpointTimeout: 5_000,
  });
  const releases = new Releases({ ...common, announcer, clock, wake: () => runner.wake() });
  runner.start();
  onTestFinished(() => runner.stop());
  /** Waits until the release is not running any more. @returns it */
  async function settled(id: string) {
    return await vi.waitFor(
      async () => {
        const release = await transactor.stores.releases.find(repository.id, id);
        if (release?.state === 'running') throw new Error(`Release ${id} still runs.`);
        return release;
      },
      { timeout: 10_000, interval: 5 },
    );
  }
  return {
    db,
    audit,
    sent,
    transactor,
    target,
    runs,
    pull,
    approvals,
    rules,
    releases,
    merges: new Merges({ ...common, releases, clock }),
    catalogue: new Catalogue({ transactor, target, trained, rules: async () => rules, freshness: 0 }),
    settled,
    /** What executes releases: stop and start it for a restart. */
    runner,
    /** Lets the clock go on by so many milliseconds. */
    pass: (milliseconds: number) => {
      now.past += milliseconds;
    },
    /** Versions 1 and 2 were trained from merged pull requests, 1 is in production and served. */
    async withProduction() {
      target.register(1, 2);
      runs.set(1, trainedVersion(1));
      runs.set(2, trainedVersion(2));
      target.alias = { champion: 1 };
      target.served = [{ name: 'v1', version: 1, percentage: 100, settings: { workload_size: 'Medium' } }];
      await this.catalogue.current(repository, 'wine');
    },
    /** Plans and confirms, as a person does, and waits for the end. */
    async release(kind: 'promotion' | 'rollback', toVersion: number, reason: string | null = null) {
      const plan = await releases.plan(repository, 'wine', { kind, toVersion });
      const started = await releases.start(
        repository,
        'wine',
        { kind, toVersion, digest: plan.digest, reason, approvals: [] },
        requester,
      );
      return (await settled(started.id))!;
    },
  };
}
