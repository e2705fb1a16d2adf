import { describe, expect, it } from 'vitest';
import { Postpone } from '../../../src/server/outbox/postpone.ts';
import type { MergeFacts } from '../../../src/server/registry/promotion.ts';
import { decideOnMerge } from '../../../src/server/registry/promotion.ts';
import { registryBench, trainedVersion, wendy } from './registry-bench.ts';

const merged = { repository: 42, pull: 2 };

async function promote(bench: Awaited<ReturnType<typeof registryBench>>) {
  await bench.merges.promote(merged);
  const [release] = await bench.transactor.stores.releases.list(42);
  if (release) await bench.settled(release.id);
}

describe('a merge', () => {
  it('promotes the version of its head in the name of who merged, and refreshes the comment', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await promote(bench);
    expect(bench.target.alias).toEqual({ champion: 2 });
    const [release] = await bench.transactor.stores.releases.list(42);
    expect(release).toMatchObject({
      kind: 'promotion',
      actor: wendy,
      approvals: ['ada'],
      state: 'succeeded',
    });
    expect(await bench.merges.forPull(42, 2, 'head')).toBe('Released v2 as champion by wendy.');
    expect(bench.sent.map((message) => message.key)).toContain('report:42:2');
  });

  it('is judged once, however often it is delivered', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await promote(bench);
    await promote(bench);
    expect(await bench.transactor.stores.releases.list(42)).toHaveLength(2);
  });

  it('does not promote again what a restored backup has forgotten, for it may have been rolled back', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    for (const restored_at of ['2026-01-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'])
      await bench.db.insertInto('restores').values({ restored_at }).execute();
    await promote(bench);
    expect(bench.target.alias).toEqual({ champion: 1 });
    expect(await bench.merges.forPull(42, 2, 'head')).toMatch(
      /^Not promoted: It was merged before a backup was restored/,
    );
  });

  it('does not promote after a restore until a person has released: a hold may have been forgotten', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    // The pull request is merged later. Production is where the store says: a rollback may have brought it back there.
    const restoredAt = new Date(Date.now() - 60_000).toISOString();
    bench.runs.set(3, trainedVersion(3));
    await bench.db.insertInto('restores').values({ restored_at: restoredAt }).execute();
    bench.pull.mergedAt = new Date().toISOString();
    expect(await bench.merges.forPull(42, 2, 'head')).toBe(
      'Merging does not promote v2: a backup was restored, and the first release after it is a person’s.',
    );
    await promote(bench);
    expect(bench.target.alias).toEqual({ champion: 1 });
    expect(await bench.merges.forPull(42, 2, 'head')).toMatch(/^Not promoted: A backup was restored/);

    const waits = expect.stringContaining('the first release after it is a person’s');
    bench.target.failAlias = new Error('Not the owner');
    expect(await bench.release('promotion', 2)).toMatchObject({ state: 'failed' });
    expect(await bench.merges.forPull(42, 3, 'head')).toEqual(waits);
    bench.target.failAlias = null;

    expect(await bench.release('promotion', 2)).toMatchObject({ state: 'succeeded' });
    bench.target.register(4);
    bench.runs.set(4, trainedVersion(4));
    expect(await bench.merges.forPull(42, 4, 'head')).toBe('Merging releases v4 as champion.');
    await bench.merges.promote({ repository: 42, pull: 4 });
    const [release] = await bench.transactor.stores.releases.list(42);
    await bench.settled(release?.id ?? '');
    expect(bench.target.alias).toEqual({ champion: 4 });
  });

  it('waits for a run that has not ended, without deciding', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    bench.runs.set(2, trainedVersion(2, { state: 'running', outcome: null, version: null }));
    await expect(bench.merges.promote(merged)).rejects.toBeInstanceOf(Postpone);
    expect(await bench.transactor.stores.releases.decision(42, 2)).toBeNull();
  });

  it('does not promote while on hold, says so in the comment, and records the refusal', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.transactor.stores.releases.setHold({
      modelName: 'ml.prod.wine',
      alias: 'champion',
      since: '2026-01-01T00:00:00.000Z',
      by: wendy,
      reason: null,
      release: 'earlier',
    });
    expect(await bench.merges.forPull(42, 2, 'head')).toBe(
      'Merging does not promote v2: on hold since wendy rolled back.',
    );
    await promote(bench);
    expect(bench.target.alias).toEqual({ champion: 1 });
    expect(await bench.merges.forPull(42, 2, 'head')).toMatch(
      /^Not promoted: Automatic promotion is on hold/,
    );
    expect(bench.audit.at(-1)).toMatchObject({ action: 'release.not-promoted', outcome: 'refused' });
  });

  it('does not promote what is worse than what another merge released meanwhile', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    bench.target.register(3);
    bench.runs.set(3, trainedVersion(3, { metrics: { rmse: 0.4 } }));
    await bench.release('promotion', 3);
    await promote(bench);
    expect(bench.target.alias).toEqual({ champion: 3 });
    expect(await bench.merges.forPull(42, 2, 'head')).toMatch(
      /^Not promoted: Against v3 in production now: .*rmse/,
    );
  });

  it('is refused with the plan’s words when the champion moved between judging and releasing', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    bench.target.register(3);
    bench.runs.set(3, trainedVersion(3, { metrics: { rmse: 0.4 } }));
    let reads = 0;
    bench.target.aliases = async () => ({ champion: reads++ === 0 ? 1 : 3 });
    await promote(bench);
    expect(await bench.merges.forPull(42, 2, 'head')).toMatch(/^Not promoted: The gates of v2 failed/);
    expect(bench.target.changes).toEqual([]);
  });

  it('is held back by a rollback that another repository of the same model started', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.transactor.stores.releases.setHold({
      modelName: 'ml.prod.wine',
      alias: 'champion',
      since: '2026-01-01T00:00:00.000Z',
      by: wendy,
      reason: null,
      release: 'of another repository',
    });
    await promote(bench);
    expect(bench.target.alias).toEqual({ champion: 1 });
  });

  it('is recorded together with its release: no moment in which one is there without the other', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await bench.merges.promote(merged);
    const [release] = await bench.transactor.stores.releases.list(42);
    expect(await bench.transactor.stores.releases.decision(42, 2)).toMatchObject({
      outcome: 'promoted',
      release: release?.id,
    });
    await bench.runner.stop();
  });

  it('tells the pull request when its version was rolled back later', async () => {
    const bench = await registryBench();
    await bench.withProduction();
    await promote(bench);
    bench.sent.length = 0;
    await bench.release('rollback', 1, 'worse on live traffic');
    expect(await bench.merges.forPull(42, 2, 'head')).toBe(
      'Released v2 as champion by wendy; rolled back to v1 by wendy: worse on live traffic',
    );
    expect(bench.sent.map((message) => message.key).sort()).toEqual(['report:42:1', 'report:42:2']);
  });
});

describe('decideOnMerge', () => {
  const facts: MergeFacts & { run: NonNullable<MergeFacts['run']> } = {
    onMerge: 'promote',
    mergedInto: 'main',
    productionBranch: 'main',
    head: 'a'.repeat(40),
    fork: false,
    run: {
      number: 9,
      state: 'succeeded',
      final: true,
      outcome: 'pass',
      verdictTitle: 'All 2 gates pass',
      version: 2,
      trust: 'base',
    },
    hold: null,
    approvals: { branchProtected: true, required: 1, counted: ['ada'] },
    mergedAt: '2026-02-01T10:00:00Z',
    restoredAt: null,
    unreleasedSinceRestore: false,
    champion: 1,
    halfDone: null,
  };

  it('promotes only when everything speaks for it', () => {
    expect(decideOnMerge(facts)).toEqual({ kind: 'promote', version: 2 });
    // A restore before the merge: all that came since is known.
    const restored = { ...facts, restoredAt: '2026-02-01T09:59:59.000Z' };
    expect(decideOnMerge(restored)).toEqual({ kind: 'promote', version: 2 });
  });

  it.each([
    ['the configuration does not ask for it', { onMerge: 'none' }, /on_merge/],
    ['another branch', { mergedInto: 'develop' }, /into develop, not into the production branch main/],
    ['nothing was trained', { run: null }, /No training run/],
    ['a fork', { fork: true }, /forks are never released/],
    ['a failed run', { run: { ...facts.run, state: 'failed' } }, /Run 9 ended as failed/],
    ['no version', { run: { ...facts.run, version: null } }, /registered no model version/],
    ['no baseline', { run: { ...facts.run, outcome: 'no-baseline' } }, /no baseline/],
    [
      'a failed gate',
      { run: { ...facts.run, outcome: 'fail', verdictTitle: '1 of 2 gates fails' } },
      /1 of 2 gates fails/,
    ],
    [
      'approvals missing',
      { approvals: { branchProtected: true, required: 1, counted: [] } },
      /1 approval of this commit needed, 0 counted/,
    ],
    [
      'an unprotected branch',
      { approvals: { branchProtected: false, required: 0, counted: [] } },
      /main is not protected/,
    ],
    [
      'a backup was restored since',
      { restoredAt: '2026-02-01T10:00:01.000Z' },
      /before a backup was restored/,
    ],
    [
      'a backup was restored and nobody released since',
      { unreleasedSinceRestore: true },
      /not known whether merges were put on hold.*Promote v2 from the Databricks tab/,
    ],
    ['in production already', { champion: 2 }, /in production already/],
    [
      'in production already, by what a restored backup has forgotten',
      { champion: 2, restoredAt: '2026-02-01T10:00:01.000Z' },
      /in production already/,
    ],
  ] as [string, Partial<MergeFacts>, RegExp][])('says why not: %s', (_name, change, reason) => {
    const decision = decideOnMerge({ ...facts, ...change });
    expect(decision.kind).toBe('not');
    expect(decision.kind === 'not' ? decision.reason : '').toMatch(reason);
  });
});
