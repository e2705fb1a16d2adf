import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReleasePlan } from '../../../src/contract/release.ts';
import type { RepositoryView } from '../../../src/contract/repository.ts';
import type { Cluster } from '../../postgres/cluster.ts';
import { startCluster } from '../../postgres/cluster.ts';
import { createDatabase, urlOf } from '../../postgres/databases.ts';
import type { StoreView } from '../invariants/store-view.ts';
import { readStore, sqliteView } from '../invariants/store-view.ts';
import { findViolations } from '../invariants/violations.ts';
import { remoteRuns, served } from '../invariants/workspace-view.ts';
import { postgresView } from '../replicas/postgres-view.ts';
import { eventually } from '../world/eventually.ts';
import type { TrainingPlan } from '../world/in-process-programs.ts';
import { Story } from '../world/story.ts';
import { openPulls, runStates, settled } from '../world/trainings.ts';
import type { Replica } from '../world/world.ts';
import { botName, World } from '../world/world.ts';

let cluster: Cluster;
const opened: World[] = [];

beforeAll(async () => {
  cluster = await startCluster();
});

afterAll(async () => {
  for (const world of opened) await world.close();
  await cluster?.stop();
});

const fullName = 'ml/wine';
const program = resolve(import.meta.dirname, '../../../src/cli/main.ts');

/** A command of the product in a process of its own, as an administrator gives it. @returns what it says */
async function administer({ configFile }: Replica, ...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...words, '--config', configFile]);
  return stdout;
}

/** A backend that can be started, and what reads its store once one was. */
interface Place {
  replica: Replica;
  look(): StoreView;
}

const places: Record<string, (world: World, name: string) => Promise<Place>> = {
  // The same file each time: a restore puts the backup in its place.
  async SQLite(world, name) {
    const replica = await world.replica(name);
    return { replica, look: () => sqliteView(join(world.folder, 'backend.db')) };
  },
  // Another, empty one each time, as a restore asks for.
  async PostgreSQL(world, name) {
    const database = await createDatabase(cluster.connection);
    mkdirSync(join(world.folder, 'secrets'), { recursive: true });
    writeFileSync(join(world.folder, 'secrets', name), urlOf(database), { mode: 0o600 });
    const replica = await world.replica(name, { database: { postgres: { url_file: `secrets/${name}` } } });
    return { replica, look: () => postgresView(database) };
  },
};

interface Trained {
  commit_sha: string;
  attempt: number;
  state: string;
  databricks_run_id: string | null;
  model_version: number | null;
}

const trained = async (view: StoreView) =>
  await view.rows<Trained>(
    'select commit_sha, attempt, state, databricks_run_id, model_version from runs order by id',
  );

// Beside each other: most of their time they wait.
describe.concurrent('an older backup is restored', () => {
  test.each(Object.entries(places))('%s: what was done since is found, not done again', async (_, place) => {
    const world = await World.open();
    opened.push(world);
    const before = await place(world, 'before');
    let backend = await world.start(before.replica);
    const known = before.look();
    const story = await Story.begin(world, known, fullName);
    const { forge } = world;
    const { id } = forge.repository(fullName);
    const { pulls } = forge.forge.context.store;
    const pullOf = (headBranch: string) => pulls.find({ repositoryId: id, headBranch })?.index ?? 0;
    const ask = await world.signIn('ada');
    const push = async (branch: string, plan: TrainingPlan) => {
      const files = { 'plan.json': JSON.stringify(plan) };
      return await forge.push('walt', fullName, { branch, message: `More of ${branch}`, files });
    };

    const [pushed = ''] = await openPulls(world, fullName, 1, { metrics: { rmse: 0.4 } });
    await settled(world, known);

    // The backup, while runs are under way.
    await openPulls(world, fullName, 2, { metrics: { rmse: 0.45 }, milliseconds: 3_000 });
    const [again = ''] = await openPulls(world, fullName, 1, { metrics: { rmse: 0.4 } });
    await eventually('runs under way', async () => ((await runStates(known)).running ?? 0) >= 2);
    const file = join(world.folder, 'backup.sqlite');
    const [, head] =
      /head ([0-9a-f]{64})/.exec(await administer(before.replica, 'backup', '--to', file)) ?? [];
    await settled(world, known);

    // What it does not know: a push, a pull request with three heads, a training that a person asked for, a merge with
    // its promotion, a push to the production branch, a rollback; and a run that is still under way at the end.
    await push(pushed, { metrics: { rmse: 0.41 } });
    const [fresh = ''] = await openPulls(world, fullName, 1, { metrics: { rmse: 0.42 } });
    const replaced = [await forge.head(fullName, fresh)];
    await ask(`repositories/${id}/runs`, { pull: pullOf(again) });
    await story.do('merge');
    await settled(world, known);
    expect(await served(world)).toEqual({ alias: 3, endpoint: 3 });
    replaced.push(await push(fresh, { metrics: { rmse: 0.43 } }));
    await story.do('push-main');
    await settled(world, known);
    const wanted = { kind: 'rollback', toVersion: 1 };
    const models = `repositories/${id}/models/wine`;
    const { digest } = await ask<ReleasePlan>(`${models}/plans`, wanted);
    await ask(`${models}/releases`, { ...wanted, digest, reason: 'worse than it looked' });
    await settled(world, known);
    expect(await served(world)).toEqual({ alias: 1, endpoint: 1 });
    await push(fresh, { metrics: { rmse: 0.44 }, milliseconds: 5_000 });
    await eventually('a run under way', async () => ((await runStates(known)).running ?? 0) === 1);
    const then = { runs: await trained(known), remote: await remoteRuns(world) };
    await known.close();
    expect(await backend.stop()).toEqual({ code: 0, signal: null });

    // The drill.
    world.backends.splice(0);
    const after = await place(world, 'after');
    await administer(after.replica, 'restore', '--from', file);
    expect(await administer(after.replica, 'audit', 'verify')).toContain(`head ${head}`);
    backend = await world.start(after.replica);
    const view = after.look();
    await settled(world, view);
    await ask(`repositories/${id}/runs`, { pull: pullOf(again) });
    await settled(world, view);

    // Nothing was trained again: each run has what had been trained, and judges the same version by it.
    expect((await remoteRuns(world)).map(({ name }) => name)).toEqual(then.remote.map(({ name }) => name));
    const now = await trained(view);
    for (const run of then.runs.filter(({ commit_sha }) => !replaced.includes(commit_sha))) {
      const same = now.filter((one) => one.commit_sha === run.commit_sha && one.attempt === run.attempt);
      const { databricks_run_id } = run;
      const model_version = run.model_version ?? expect.any(Number);
      expect(same).toEqual([{ ...run, state: 'succeeded', databricks_run_id, model_version }]);
    }
    expect(now).toHaveLength(then.runs.length - replaced.length);
    expect(await runStates(view)).toEqual({ succeeded: now.length });

    // People see one comment per pull request, and a final status at each head.
    const statuses = forge.statuses(id);
    for (const pull of pulls.list({ repositoryId: id })) {
      expect(forge.commentsOf(botName, pull), `comments in #${pull.index}`).toHaveLength(1);
      expect(statuses.get(pull.headSha)?.at(-1)?.state, `status of #${pull.index}`).toBe('success');
    }

    // Production is as people left it, and said to be moved by somebody unknown; the forgotten merge does not promote.
    expect(await served(world)).toEqual({ alias: 1, endpoint: 1 });
    const { production } = await ask<RepositoryView>(`repositories/${id}`);
    expect(production).toMatchObject({ version: 1, kind: 'foreign', by: null });
    const newestMerge = async () => {
      const merged = pulls.list({ repositoryId: id, isMerged: true }).at(-1);
      const [decision] = (await readStore(view)).decisions.filter((one) => one.pull_index === merged?.index);
      return [decision?.outcome, forge.commentsOf(botName, merged ?? { id: 0 })[0]?.body];
    };
    const forgotten = expect.stringContaining('before a backup was restored');
    expect(await newestMerge()).toEqual(['not-promoted', forgotten]);
    // Nor does one that is merged now, for the hold that the rollback set is forgotten, too.
    await forge.approve('wendy', fullName, pullOf(pushed));
    await forge.merge('ada', fullName, pullOf(pushed));
    await settled(world, view);
    const nobodyKnows = expect.stringContaining('not known whether merges were put on hold');
    expect(await newestMerge()).toEqual(['not-promoted', nobodyKnows]);
    expect(await served(world)).toEqual({ alias: 1, endpoint: 1 });

    // All else agrees, but for what the store cannot know: heads that are none any more, and what it had said of others.
    const { lost, doubled, wrong } = await findViolations(world, view);
    expect({ lost, doubled }).toEqual({ lost: [], doubled: [] });
    const backedUp = sqliteView(file);
    const ended = (await trained(backedUp)).filter(({ state }) => state === 'succeeded');
    await backedUp.close();
    const saidSince = new Set(then.runs.map(({ commit_sha }) => commit_sha.slice(0, 10)));
    for (const { commit_sha } of ended)
      if (commit_sha !== undefined) saidSince.delete(commit_sha.slice(0, 10));
    saidSince.add((await forge.head(fullName, again))?.slice(0, 10) ?? '');
    const unexpected = wrong.filter((finding) => {
      const [, sha = ''] = /^the statuses of ([0-9a-f]{10}) came as /.exec(finding) ?? [];
      return !saidSince.has(sha);
    });
    expect(unexpected.toSorted()).toEqual(
      [
        ...then.remote
          .filter(({ name }) => replaced.some((sha) => name.includes(` ${sha?.slice(0, 10)} `)))
          .map(({ name, mark }) => `${name} (${mark}) runs at Databricks, and here nobody knows of it`),
        'the alias is at v1 instead of v2',
        'the endpoint serves v1 instead of v2',
      ].toSorted(),
    );
    await view.close();
    expect(await backend.stop()).toEqual({ code: 0, signal: null });
  });
});
