import { describe, expect, it, vi } from 'vitest';
import { DatabricksError } from '../../../src/server/databricks/error.ts';
import { StoreUnavailable } from '../../../src/server/duty/interruption.ts';
import { LeaseLost } from '../../../src/server/duty/lease.ts';
import { registryBench, repository, requester, trainedVersion } from './registry-bench.ts';

const rollback = { kind: 'rollback' as const, toVersion: 1, reason: null, approvals: [] };

describe('a promotion', () => {
  it('loads the version beside the old one, moves the alias, and reads both back', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    const release = await bench.release('promotion', 2);
    expect(release).toMatchObject({ state: 'succeeded', fromVersion: 1, is: { alias: 2, traffic: 2 } });
    expect(release.steps.map((step) => [step.name, step.state])).toEqual([
      ['alias', 'done'],
      ['endpoint', 'done'],
      ['read-back', 'done'],
    ]);
    expect(bench.target.changes).toEqual(['champion → v2', 'v2 100 %, v1 0 %']);
    expect(bench.target.served[0]?.settings).toEqual({ workload_size: 'Medium' });
  });

  it('is judged against production as it is now, not as it was', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    bench.target.register(3);
    bench.runs.set(3, trainedVersion(3, { metrics: { rmse: 0.595 } }));
    await bench.release('promotion', 2);
    const plan = await bench.releases.plan(repository, 'wine', { kind: 'promotion', toVersion: 3 });
    expect(plan.blocked.join(' ')).toMatch(
      /gates of v3 failed: Against v2 in production now: .*rose by 2\.6%/,
    );
    const { models } = await bench.catalogue.models(repository, { allowed: true });
    expect(models[0]?.versions.find((version) => version.version === 3)?.promote).toMatchObject({
      allowed: false,
      reason: 'Its gates fail against v2 in production.',
    });
  });

  it('is refused where approvals are missing, and nothing is changed', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    bench.approvals.counted = [];
    await expect(bench.release('promotion', 2)).rejects.toMatchObject({ code: 'version-not-releasable' });
    expect(bench.target.changes).toEqual([]);
    expect(bench.audit.filter((entry) => entry.action === 'release.started')).toEqual([]);
  });

  it.each([
    ['the gates failed', { outcome: 'fail' as const }, /gates of v2 failed/],
    ['it has no verdict', { outcome: null }, /no verdict/],
    ['it comes from a fork', { trust: 'fork' as const }, /forks are never released/],
  ])('is refused where %s', async (_name, change, reason) => {
    const bench = await registryBench();
    await bench.withProduction();
    bench.runs.set(2, trainedVersion(2, change));
    const plan = await bench.releases.plan(repository, 'wine', { kind: 'promotion', toVersion: 2 });
    expect(plan.blocked.join(' ')).toMatch(reason);
  });
});

describe('a rollback', () => {
  it('switches the traffic first, then the alias, and puts automatic promotion on hold', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.release('promotion', 2);
    bench.target.changes.length = 0;
    const release = await bench.release('rollback', 1, 'worse on live traffic');
    expect(release).toMatchObject({ state: 'succeeded', is: { alias: 1, traffic: 1 } });
    expect(bench.target.changes).toEqual(['v1 100 %, v2 0 %', 'champion → v1']);
    expect(await bench.transactor.stores.releases.hold('ml.prod.wine', 'champion')).toMatchObject({
      reason: 'worse on live traffic',
      by: { name: 'wendy' },
    });
    expect(bench.audit.map((entry) => entry.action)).toContain('hold.set');
  });

  it('names both versions, the effects and the hold in its plan, which changes nothing', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.release('promotion', 2);
    const changes = [...bench.target.changes];
    const plan = await bench.releases.plan(repository, 'wine', { kind: 'rollback', toVersion: 1 });
    expect(plan.from?.version).toBe(2);
    expect(plan.to.version).toBe(1);
    expect(plan.blocked).toEqual([]);
    expect(plan.effects.map((effect) => effect.text)).toEqual([
      'Traffic of wine switches; v1 is still loaded',
      'champion moves from v2 to v1',
      'Identical: 1 input, 1 output',
      'Released before, and approved then',
      'Merges stop promoting until somebody lifts the hold',
    ]);
    expect(plan.metrics).toMatchObject([{ metric: 'rmse', candidate: 0.59, baseline: 0.58, trend: 'worse' }]);
    expect(bench.target.changes).toEqual(changes);
  });

  it('says that a caller of the endpoint would notice another signature', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.release('promotion', 2);
    bench.target.signatures.set(1, { inputs: [], outputs: ['#1 (double)'] });
    const plan = await bench.releases.plan(repository, 'wine', { kind: 'rollback', toVersion: 1 });
    expect(plan.effects.find((effect) => effect.kind === 'signature')).toEqual({
      kind: 'signature',
      level: 'warning',
      text: 'Differs: input no longer there: alcohol (double)',
    });
  });

  it('does nothing when the endpoint was changed since the plan, and says so', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.release('promotion', 2);
    const { digest } = await bench.releases.plan(repository, 'wine', rollback);
    const changes = [...bench.target.changes];
    // Somebody moves the alias just after the plan was compared and before the first step.
    let reads = 0;
    bench.target.aliases = async () => ({ champion: reads++ === 0 ? 2 : 9 });
    const started = await bench.releases.start(repository, 'wine', { ...rollback, digest }, requester);
    await bench.settled(started.id);
    expect(await bench.transactor.stores.releases.find(42, started.id)).toMatchObject({ state: 'failed' });
    expect(bench.target.changes).toEqual(changes);
    expect(await bench.transactor.stores.releases.hold('ml.prod.wine', 'champion')).toBeNull();
  });

  it('is refused where the endpoint also serves somebody else’s model', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.release('promotion', 2);
    bench.target.others = ['ml.prod.other'];
    const plan = await bench.releases.plan(repository, 'wine', rollback);
    expect(plan.blocked).toEqual([
      'The endpoint wine also serves ml.prod.other: it cannot be switched from here.',
    ]);
  });

  it('is refused to a version that was never in production', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await expect(bench.release('rollback', 2)).rejects.toMatchObject({ code: 'version-not-releasable' });
  });

  it('answers an outdated plan with the fresh one and changes nothing', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.release('promotion', 2);
    const plan = await bench.releases.plan(repository, 'wine', rollback);
    bench.target.alias = { champion: 1 };
    const changes = [...bench.target.changes];
    await expect(
      bench.releases.start(repository, 'wine', { ...rollback, digest: plan.digest }, requester),
    ).rejects.toMatchObject({ code: 'plan-outdated', extra: { plan: { from: { version: 1 } } } });
    expect(bench.target.changes).toEqual(changes);
  });

  it('runs once when two people confirm at the same time', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.release('promotion', 2);
    const { digest } = await bench.releases.plan(repository, 'wine', rollback);
    const answers = await Promise.allSettled([
      bench.releases.start(repository, 'wine', { ...rollback, digest }, requester),
      bench.releases.start(repository, 'wine', { ...rollback, digest }, requester),
    ]);
    expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(1);
    expect(answers.find((answer) => answer.status === 'rejected')).toMatchObject({
      reason: { code: 'release-in-progress' },
    });
    await bench.runner.stop();
  });
});

describe('when a step fails', () => {
  const refused = () =>
    new DatabricksError({ code: 'PERMISSION_DENIED', status: 403, message: 'Not the owner' });

  it('a release that changed nothing is failed, and its hold goes away again', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    bench.target.failAlias = refused();
    const release = await bench.release('promotion', 2);
    expect(release).toMatchObject({ state: 'failed', error: 'Not the owner', is: { alias: 1, traffic: 1 } });
    expect(await bench.transactor.stores.releases.hold('ml.prod.wine', 'champion')).toBeNull();
  });

  it('a half-done rollback says what is true now, and finishing does the rest', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.release('promotion', 2);
    bench.target.failAlias = refused();
    const half = await bench.release('rollback', 1);
    expect(half).toMatchObject({ state: 'partial', is: { alias: 2, traffic: 1 }, error: 'Not the owner' });
    expect(half.steps.map((step) => step.state)).toEqual(['done', 'failed', 'planned']);
    bench.target.failAlias = null;
    const going = await bench.releases.resolve(repository, half.id, 'finish', requester);
    await bench.settled(going.id);
    expect(await bench.transactor.stores.releases.find(42, half.id)).toMatchObject({
      state: 'succeeded',
      error: null,
      is: { alias: 1, traffic: 1 },
    });
  });

  it('a half-done rollback can be undone: endpoint and alias are as before, and the hold is gone', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.release('promotion', 2);
    bench.target.failAlias = refused();
    const half = await bench.release('rollback', 1);
    await bench.releases.resolve(repository, half.id, 'undo', requester);
    await bench.settled(half.id);
    expect(await bench.transactor.stores.releases.find(42, half.id)).toMatchObject({
      state: 'undone',
      is: { alias: 2, traffic: 2 },
    });
    expect(await bench.transactor.stores.releases.hold('ml.prod.wine', 'champion')).toBeNull();
  });

  it('an endpoint that cannot load the version leaves the release half done with Databricks’ reason', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    bench.target.failLoading = 'No module named xgboost';
    const release = await bench.release('promotion', 2);
    expect(release).toMatchObject({ state: 'partial', is: { alias: 2, traffic: 1 } });
    expect(release.error).toContain('No module named xgboost');
  });

  it('somebody else’s move in between is left alone', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.release('promotion', 2);
    bench.target.register(3);
    const plan = await bench.releases.plan(repository, 'wine', rollback);
    bench.target.beforeAlias = null;
    const route = bench.target.route.bind(bench.target);
    bench.target.route = async (...call) => {
      await route(...call);
      bench.target.alias = { champion: 3 };
    };
    const release = await bench.releases.start(
      repository,
      'wine',
      { ...rollback, digest: plan.digest },
      requester,
    );
    await bench.settled(release.id);
    const after = await bench.transactor.stores.releases.find(42, release.id);
    expect(after).toMatchObject({ state: 'partial', is: { alias: 3, traffic: 1 } });
    expect(after?.error).toContain('Somebody else moved champion to v3');
  });

  it('a half-done release whose alias somebody else took can still be undone: theirs is left, and the way is free', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.release('promotion', 2);
    bench.target.register(3);
    const { digest } = await bench.releases.plan(repository, 'wine', rollback);
    const route = bench.target.route.bind(bench.target);
    bench.target.route = async (...call) => {
      await route(...call);
      bench.target.alias = { champion: 3 };
    };
    const half = await bench.releases.start(repository, 'wine', { ...rollback, digest }, requester);
    await bench.settled(half.id);
    delete (bench.target as { route?: unknown }).route;
    await bench.releases.resolve(repository, half.id, 'undo', requester);
    await bench.settled(half.id);
    const after = await bench.transactor.stores.releases.find(42, half.id);
    expect(after).toMatchObject({ state: 'undone', is: { alias: 3, traffic: 2 } });
    expect(after?.error).toBe('champion was left at v3, where somebody else moved it.');
    expect((await bench.releases.plan(repository, 'wine', rollback)).blocked).toEqual([]);
  });

  it('a release that met somebody else’s move before it did anything has failed, and blocks nothing', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    bench.target.register(3);
    const { digest } = await bench.releases.plan(repository, 'wine', { kind: 'promotion', toVersion: 2 });
    const started = await bench.releases.start(
      repository,
      'wine',
      { kind: 'promotion', toVersion: 2, digest, reason: null, approvals: [] },
      requester,
    );
    bench.target.alias = { champion: 3 };
    await bench.settled(started.id);
    const after = await bench.transactor.stores.releases.find(42, started.id);
    expect(after).toMatchObject({ state: 'failed', is: { alias: 3, traffic: 1 } });
    expect(bench.target.changes).toEqual([]);
  });

  it('an update of the endpoint that failed earlier does not stand in the way of a rollback', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.release('promotion', 2);
    bench.target.update = 'failed';
    expect(await bench.release('rollback', 1)).toMatchObject({
      state: 'succeeded',
      is: { alias: 1, traffic: 1 },
    });
  });

  it('finishing that a stop cut off is finished after the restart, not undone', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.release('promotion', 2);
    bench.target.failAlias = refused();
    const half = await bench.release('rollback', 1);
    await bench.releases.resolve(repository, half.id, 'undo', requester);
    await bench.settled(half.id);
    const again = await bench.release('rollback', 1);
    bench.target.failAlias = null;
    bench.target.update = 'in-progress';
    await bench.releases.resolve(repository, again.id, 'finish', requester);
    await bench.runner.stop();
    bench.runner.start();
    await bench.settled(again.id);
    expect(await bench.transactor.stores.releases.find(42, again.id)).toMatchObject({
      state: 'succeeded',
      is: { alias: 1, traffic: 1 },
    });
  });

  it('undoing the very first release removes the alias again', async () => {
    const bench = await registryBench();
    bench.target.register(1);
    bench.runs.set(1, trainedVersion(1, { judgedAgainst: null, outcome: 'no-baseline' }));
    bench.target.served = [{ name: 'v9', version: 9, percentage: 100, settings: {} }];
    bench.target.failLoading = 'No module named xgboost';
    const half = await bench.release('promotion', 1);
    expect(half).toMatchObject({ state: 'partial', is: { alias: 1, traffic: 9 } });
    bench.target.failLoading = null;
    bench.target.update = 'idle';
    await bench.releases.resolve(repository, half.id, 'undo', requester);
    await bench.settled(half.id);
    expect(bench.target.alias).toEqual({});
    expect(await bench.transactor.stores.releases.find(42, half.id)).toMatchObject({ state: 'undone' });
  });

  it('a half-done release blocks the next one until it is finished or undone', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.release('promotion', 2);
    bench.target.failAlias = refused();
    await bench.release('rollback', 1);
    bench.target.failAlias = null;
    await expect(bench.release('rollback', 1)).rejects.toMatchObject({ code: 'release-in-progress' });
  });
});

describe('the duty', () => {
  it('does not run a release again that ended while the list of running ones was being read', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    const { digest } = await bench.releases.plan(repository, 'wine', { kind: 'promotion', toVersion: 2 });
    const { releases } = bench.transactor.stores;
    const { running } = releases;
    let old: Awaited<ReturnType<typeof running>> = [];
    releases.running = async () => {
      const list = await running();
      if (list.length > 0) old = list;
      return list;
    };
    const wanted = { kind: 'promotion' as const, toVersion: 2, digest, reason: null, approvals: [] };
    const started = await bench.releases.start(repository, 'wine', wanted, requester);
    await bench.settled(started.id);
    expect(old).toHaveLength(1);
    // As a slow answer would have it, given after the end.
    releases.running = async () => structuredClone(old);
    bench.runner.wake();
    await bench.runner.stop();
    expect(await releases.find(42, started.id)).toMatchObject({ state: 'succeeded' });
    expect(bench.audit.filter((entry) => entry.action === 'release.ended')).toHaveLength(1);
  });
});

describe('after a restart', () => {
  it('resuming leaves alone what this process began itself', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    const { digest } = await bench.releases.plan(repository, 'wine', { kind: 'promotion', toVersion: 2 });
    const started = await bench.releases.start(
      repository,
      'wine',
      { kind: 'promotion', toVersion: 2, digest, reason: null, approvals: [] },
      requester,
    );
    bench.runner.wake();
    await bench.settled(started.id);
    expect(bench.audit.filter((entry) => entry.action === 'release.ended')).toHaveLength(1);
  });

  it('a release that was cut off goes on from the step it was at', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    const { digest } = await bench.releases.plan(repository, 'wine', { kind: 'promotion', toVersion: 2 });
    let stopped: Promise<void> | undefined;
    bench.target.route = async () => {
      bench.target.update = 'in-progress';
      stopped = bench.runner.stop();
    };
    const started = await bench.releases.start(
      repository,
      'wine',
      { kind: 'promotion', toVersion: 2, digest, reason: null, approvals: [] },
      requester,
    );
    await vi.waitUntil(() => stopped !== undefined);
    await stopped;
    expect(await bench.transactor.stores.releases.find(42, started.id)).toMatchObject({ state: 'running' });
    delete (bench.target as { route?: unknown }).route;
    bench.runner.start();
    await bench.settled(started.id);
    expect(await bench.transactor.stores.releases.find(42, started.id)).toMatchObject({
      state: 'succeeded',
      is: { alias: 2, traffic: 2 },
    });
    expect(bench.target.changes.filter((change) => change.startsWith('champion'))).toHaveLength(1);
  });
});

describe('production', () => {
  it('is shown as last known while Databricks does not answer', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.catalogue.production(repository, 'wine', { allowed: true });
    const down = () =>
      Promise.reject(new DatabricksError({ code: 'NO_CONNECTION', status: 0, message: 'no answer' }));
    Object.assign(bench.target, { versions: down, aliases: down, endpoint: down });
    bench.catalogue.expire();
    const { production } = await bench.catalogue.production(repository, 'wine', { allowed: true });
    expect(production).toMatchObject({ version: 1, endpoint: { name: 'wine' } });
  });

  it('starts with what was found there, and one click returns to it', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.release('promotion', 2);
    const { production } = await bench.catalogue.production(repository, 'wine', { allowed: true });
    expect(production).toMatchObject({
      version: 2,
      previous: 1,
      kind: 'promotion',
      rollback: { allowed: true },
    });
    const list = await bench.catalogue.releases(repository, { allowed: true });
    expect(list.items.map((item) => [item.kind, item.toVersion, item.servedUntil === null])).toEqual([
      ['promotion', 2, true],
      ['adopted', 1, false],
    ]);
  });

  it('after a rollback the way back leads further back, not to what was just taken back', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    bench.target.register(3);
    bench.runs.set(3, trainedVersion(3));
    await bench.release('promotion', 2);
    await bench.release('promotion', 3);
    await bench.release('rollback', 2);
    const { production } = await bench.catalogue.production(repository, 'wine', { allowed: true });
    expect(production).toMatchObject({ version: 2, kind: 'rollback', previous: 1 });
  });

  it('offers no version whose pull request is not merged', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    bench.runs.set(2, trainedVersion(2, { merged: false }));
    const { models } = await bench.catalogue.models(repository, { allowed: true });
    expect(models[0]?.versions.find((version) => version.version === 2)?.promote).toMatchObject({
      allowed: false,
      code: 'not-merged',
    });
  });

  it('says so when somebody moved the alias outside', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    bench.target.alias = { champion: 2 };
    const { production } = await bench.catalogue.production(repository, 'wine', { allowed: true });
    expect(production).toMatchObject({ version: 2, kind: 'foreign', by: null });
  });

  it('shows to whom may not release why not', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    const refusal = { allowed: false, code: 'permission-missing', reason: 'Ask ada.' } as const;
    const { models } = await bench.catalogue.models(repository, refusal);
    expect(models[0]?.versions.map((version) => version.promote)).toEqual([refusal, refusal]);
  });
});

describe('what says nothing about a release does not end it', () => {
  const wanted = { kind: 'promotion' as const, toVersion: 2, reason: null, approvals: [] };
  const done = { state: 'succeeded', is: { alias: 2, traffic: 2 } };

  async function recorded() {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.runner.stop();
    const { digest } = await bench.releases.plan(repository, 'wine', wanted);
    const { id } = await bench.releases.start(repository, 'wine', { ...wanted, digest }, requester);
    return { bench, id };
  }

  /** The workspace is asked a few times more. */
  async function tried({ target }: Awaited<ReturnType<typeof registryBench>>) {
    const before = target.asked;
    await vi.waitFor(() => expect(target.asked).toBeGreaterThan(before + 3), { timeout: 10_000 });
  }

  it('a lease that ran out while the process stood still', async () => {
    const scene = await recorded();
    const { aliases } = scene.bench.target;
    let reads = 0;
    scene.bench.target.aliases = async (...given) => {
      reads += 1;
      if (reads === 2) throw new LeaseLost('releases');
      return await aliases.apply(scene.bench.target, given);
    };
    scene.bench.runner.start();
    expect(await scene.bench.settled(scene.id)).toMatchObject(done);
  });

  it('a store that could not be written', async () => {
    const scene = await recorded();
    const { transaction } = scene.bench.transactor;
    let writes = 0;
    scene.bench.transactor.transaction = async (work) => {
      writes += 1;
      if (writes === 1) throw new StoreUnavailable('its disk is full', { cause: null });
      return await transaction(work);
    };
    scene.bench.runner.start();
    expect(await scene.bench.settled(scene.id)).toMatchObject(done);
  });

  it('a workspace that does not answer for a while: the merge is promoted once it does', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.runner.stop();
    await bench.merges.promote({ repository: 42, pull: 2 });
    const [release] = await bench.transactor.stores.releases.list(42);
    bench.target.down = true;
    bench.runner.start();
    await tried(bench);
    expect(await bench.transactor.stores.releases.find(42, release!.id)).toMatchObject({ state: 'running' });
    bench.target.down = false;
    expect(await bench.settled(release!.id)).toMatchObject(done);
  });

  it('but one that does not answer for an hour does, and says so', async () => {
    const { bench, id } = await recorded();
    bench.target.down = true;
    bench.runner.start();
    await tried(bench);
    bench.pass(3_600_000);
    expect(await bench.settled(id)).toMatchObject({ state: 'partial', error: 'No answer.' });
  });
});
