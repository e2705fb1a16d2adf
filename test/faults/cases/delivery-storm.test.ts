import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { inMs, percentile } from '../figures.ts';
import { readStore, sqliteView } from '../invariants/store-view.ts';
import { findViolations } from '../invariants/violations.ts';
import { remoteRuns } from '../invariants/workspace-view.ts';
import { randomOf, seedOfThisRun, shuffled } from '../seed.ts';
import type { OutgoingDelivery } from '../world/delivery-sender.ts';
import { sendDeliveries } from '../world/delivery-sender.ts';
import { settled } from '../world/trainings.ts';
import { repositoryConfiguration, World } from '../world/world.ts';

const repositories = Array.from({ length: 20 }, (_, index) => `ml/wine-${index + 1}`);
/** 200 keys: results of runs are read at 3.5 a second, the budget of MLflow's searches, so that 1,000 take 5 minutes. */
const pullsPerRepository = 10;
/** Of each pull request: its opening, and pushes that all left the same head. */
const synchronised = 12;
const pushes = 37;
const distinct = repositories.length * pullsPerRepository * (1 + synchronised + pushes);
const connections = 50;
/** It is much, and to look at it all takes its time. */
const patience = { withinMs: 600_000, everyMs: 500 };

const opened: World[] = [];
afterAll(async () => {
  for (const world of opened) await world.close();
});

test(`${distinct} deliveries, shuffled, each up to three times, on ${connections} connections: one run per key`, async () => {
  const random = randomOf(seedOfThisRun(), 'storm');
  const world = await World.open({
    repositories,
    direct: true,
    configuration: { rate_limits: { deliveries: 1_000_000 } },
  });
  opened.push(world);
  const replica = await world.replica('one');
  const backend = await world.start(replica);
  const view = sqliteView(`${world.folder}/backend.db`);
  for (const fullName of repositories)
    await world.forge.push('ada', fullName, {
      branch: 'main',
      message: 'Begin',
      files: {
        '.gitea/databricks.yml': repositoryConfiguration,
        'train.py': '# What it does stands in plan.json.\n',
        'plan.json': JSON.stringify({ metrics: { rmse: 0.5 } }),
      },
    });
  await settled(world, view, patience);
  const before = await readStore(view);

  const deliveries = (await Promise.all(repositories.map((name) => deliveriesOf(world, name)))).flat();
  expect(deliveries).toHaveLength(distinct);
  const copies = shuffled(
    deliveries.flatMap((delivery) => Array<OutgoingDelivery>(1 + Math.floor(random() * 3)).fill(delivery)),
    random,
  );
  const start = performance.now();
  const url = `${replica.origin}/-/databricks/webhooks/gitea`;
  const sent = await sendDeliveries(url, world.webhookSecret, copies, { connections });
  const acknowledged = performance.now();
  expect(sent.refused).toBe(0);
  await settled(world, view, patience);
  const done = performance.now();

  const stored = await readStore(view);
  expect(stored.deliveries).toHaveLength(before.deliveries.length + distinct);
  expect(new Set(stored.deliveries.map(({ content_key }) => content_key)).size).toBe(
    stored.deliveries.length,
  );
  expect(stored.deliveries.filter(({ state }) => state !== 'processed')).toEqual([]);
  const heads = repositories.flatMap((name) => {
    const { id } = world.forge.repository(name);
    const pulls = world.forge.forge.context.store.pulls.list({ repositoryId: id });
    return pulls.map(({ headSha }) => `${id} ${headSha}`);
  });
  const runs = stored.runs.filter((run) => run.trigger !== 'push');
  expect(runs.map((run) => `${run.repository_id} ${run.commit_sha}`).toSorted()).toEqual(heads.toSorted());
  const there = await remoteRuns(world);
  expect(there.map(({ name }) => name.slice(name.lastIndexOf(' ') + 1)).toSorted()).toEqual(
    stored.runs.map(({ token }) => token).toSorted(),
  );
  expect(await findViolations(world, view)).toEqual({ lost: [], doubled: [], wrong: [] });
  await view.close();

  console.log(
    [
      `${copies.length} POSTs of ${distinct} deliveries on ${connections} connections: ${JSON.stringify(sent.statuses)}`,
      `acknowledged after ${inMs(acknowledged - start)}; each: p50 ${inMs(percentile(sent.latencies, 0.5))}, p99 ${inMs(percentile(sent.latencies, 0.99))}`,
      `${runs.length} runs trained and reported ${inMs(done - start)} after the first POST`,
      `memory of the backend: ${memory(backend.pid)}`,
    ].join('\n'),
  );
});

/** Branches with pull requests, made without a word, and the deliveries that tell of them. */
async function deliveriesOf(world: World, fullName: string): Promise<OutgoingDelivery[]> {
  const { context } = world.forge.forge;
  const repository = world.forge.repository(fullName);
  const walt = world.forge.user('walt');
  const base = (await world.forge.head(fullName, 'main')) as string;
  const first = repository.nextIndex;
  const numbers = Array.from({ length: pullsPerRepository }, (_, index) => first + index);
  const branchOf = (number: number) => `try-${number}`;
  await world.forge.writeCommits(
    fullName,
    numbers.map((number) => ({
      branch: branchOf(number),
      from: 'main',
      message: `Change ${number}`,
      files: { [`data/${number}.csv`]: `value\n${number}\n` },
    })),
    ({ branch }) => [`refs/pull/${branch.slice('try-'.length)}/head`],
  );
  context.store.repositories.update(repository.id, { nextIndex: first + pullsPerRepository });
  const [pushed] = context.store.deliveries.list({ event: 'push' }, { limit: 1 });
  const push = JSON.parse(pushed?.body ?? '{}') as Record<string, unknown>;
  const about = { repository: { ...(push.repository as object), id: repository.id, full_name: fullName } };
  const deliveries: OutgoingDelivery[] = [];
  for (const number of numbers) {
    const headBranch = branchOf(number);
    const headSha = (await world.forge.head(fullName, headBranch)) as string;
    const now = context.now();
    context.store.pulls.insert({
      repositoryId: repository.id,
      index: number,
      headRepositoryId: repository.id,
      headBranch,
      headSha,
      baseBranch: 'main',
      baseSha: base,
      mergeBase: base,
      authorId: walt.id,
      title: `Try ${headBranch}`,
      body: '',
      state: 'open',
      isMerged: false,
      mergedAt: null,
      mergedBy: null,
      mergeCommit: null,
      closedAt: null,
      created: now,
      updated: now,
    });
    for (let time = 0; time <= synchronised; time += 1) {
      const updated_at = new Date((now + time) * 1000).toISOString();
      deliveries.push({
        event: 'pull_request',
        eventType: time === 0 ? 'pull_request' : 'pull_request_sync',
        body: JSON.stringify({
          ...push,
          ...about,
          action: time === 0 ? 'opened' : 'synchronized',
          number,
          pull_request: { number, merged: false, updated_at, head: { ref: headBranch, sha: headSha } },
        }),
      });
    }
    for (let time = 0; time < pushes; time += 1) {
      // A branch that moves back and forth ends where it is.
      const before = String(time).repeat(40);
      const body = JSON.stringify({
        ...push,
        ...about,
        ref: `refs/heads/${headBranch}`,
        before,
        after: headSha,
      });
      deliveries.push({ event: 'push', eventType: 'push', body });
    }
  }
  return deliveries;
}

/** The most that the process ever had, where the system says so. */
function memory(pid: number): string {
  try {
    return /^VmHWM:\s+(.+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}
