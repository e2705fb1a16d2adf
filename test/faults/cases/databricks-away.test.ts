import { afterAll, expect, test } from 'vitest';
import type { Connection } from '../../../src/contract/connection.ts';
import type { ModelList } from '../../../src/contract/release.ts';
import type { RunList } from '../../../src/contract/run.ts';
import type { BackendHere } from '../clocked/backend-here.ts';
import { backendHere } from '../clocked/backend-here.ts';
import { limits, mostInASecond } from '../clocked/published-limits.ts';
import { reader } from '../clocked/reader.ts';
import { inMs, percentile } from '../figures.ts';
import { sqliteView } from '../invariants/store-view.ts';
import { unfinished } from '../invariants/unfinished.ts';
import { findViolations } from '../invariants/violations.ts';
import type { Fault } from '../proxy/fault.ts';
import { randomOf, seedOfThisRun } from '../seed.ts';
import { Story } from '../world/story.ts';

const minute = 60_000;
const opened: BackendHere[] = [];
afterAll(async () => {
  for (const here of opened) await here.close();
});

/** How it is away; ten minutes each. */
const kinds: { name: string; fault: Fault | null }[] = [
  { name: 'connections are refused', fault: null },
  { name: 'nothing is answered', fault: { kind: 'stall' } },
  { name: 'a gateway answers with a page', fault: { kind: 'page', status: 502 } },
];

/** How it vanishes at other times. */
const vanishings: Fault[] = [
  { kind: 'stall' },
  { kind: 'page', status: 200 },
  { kind: 'reset', when: 'before' },
  { kind: 'error', status: 503 },
];

test('Databricks away for half an hour, then busy, then well: all is taken in, shown, and done once', async () => {
  const here = await backendHere();
  opened.push(here);
  const { world, flow, clock } = here;
  const random = randomOf(seedOfThisRun(), 'databricks away');
  const view = sqliteView(`${world.folder}/backend.db`);
  const story = await flow.during(Story.begin(world, view));
  const repository = world.forge.repository('ml/wine').id;
  const ask = await reader(world, 'ada');
  const base = `repositories/${repository}`;
  // Seen by somebody, once, while all was well.
  for (const path of ['', '/models', '/runs', '/releases'])
    expect((await flow.during(ask(`${base}${path}`))).status).toBe(200);
  const known = await flow.during(ask<ModelList>(`${base}/models`));

  // Nothing goes on: an hour costs nothing there.
  const idle = clock.monotonic();
  await flow.pass(60 * minute);
  expect(flow.since(idle, 'databricks')).toEqual([]);

  // Under way at Databricks when it vanishes: it ends there meanwhile.
  await world.forge.push('ada', 'ml/wine', {
    branch: 'main',
    message: 'A longer training',
    files: { 'plan.json': JSON.stringify({ metrics: { rmse: 0.4 }, milliseconds: 2_000 }) },
  });
  await flow.during(running(view));

  const gone = clock.monotonic();
  const goneAt = clock.now().getTime();
  const acknowledged = flow.acknowledgements.length;
  let open = 0;
  for (const { name, fault } of kinds) {
    if (fault === null) await world.databricks.down();
    else {
      flow.use('databricks', () => fault);
      await world.databricks.up();
    }
    for (let passed = 0; passed < 10; passed += 1) {
      open += 1;
      const branch = `away-${open}`;
      await world.forge.push('walt', 'ml/wine', { ...commit(branch, 1), from: 'main' });
      await world.forge.openPull('walt', 'ml/wine', branch);
      // Every other one is changed before it could be trained.
      if (open % 2 === 0) await world.forge.push('walt', 'ml/wine', commit(branch, 2));
      if (passed === 4 && fault === null) await story.do('merge');
      await world.forge.forge.webhooksSent();
      await flow.pass(minute);
    }

    for (const path of ['', '/models', `/pulls/${lastPull()}`]) {
      const { status, body } = await flow.during(ask<{ connection: Connection }>(`${base}${path}`));
      expect([status, body.connection.state], `${path} while ${name}`).toEqual([200, 'unreachable']);
      const since = Date.parse(body.connection.since ?? '');
      expect(since - goneAt, path).toBeGreaterThanOrEqual(0);
      expect(since - goneAt, path).toBeLessThan(30_000);
      // Of what is shown nothing is newer than its last answer.
      expect(Date.parse(body.connection.asOf ?? '') - goneAt, path).toBeLessThanOrEqual(0);
    }
    const { status, body } = await flow.during(ask<RunList>(`${base}/runs`));
    expect(status).toBe(200);
    const waiting = body.items.filter(({ state }) => state === 'queued' || state === 'uploading');
    expect(waiting.length, name).toBeGreaterThanOrEqual(open - 1);
    for (const { stateReason } of waiting) expect(stateReason).toMatch(/Databricks/);

    const before = await releases();
    const [model] = known.body.models;
    const wanted = { kind: 'rollback', toVersion: 1 };
    const plan = await flow.during(ask<{ code: string }>(`${base}/models/wine/plans`, wanted));
    const release = await flow.during(
      ask<{ code: string; connection?: Connection }>(`${base}/models/wine/releases`, {
        ...wanted,
        digest: 'a'.repeat(64),
        reason: 'a fault test',
      }),
    );
    expect(model?.versions.length).toBeGreaterThan(1);
    expect([plan.status, plan.body.code], name).toEqual([502, 'databricks-unavailable']);
    expect([release.status, release.body.code], name).toEqual([502, 'databricks-unavailable']);
    expect(await releases(), name).toEqual(before);
  }
  const away = clock.monotonic() - gone;
  const probes = flow.since(gone, 'databricks');
  const opening = 10;
  // Until it is known to be away a few calls fail; from then on one in ten seconds goes out, whoever asks.
  const probing = probes.filter(({ at }) => at >= gone + opening * 1_000);
  expect(probing.length).toBeGreaterThan(100);
  expect(probing.length).toBeLessThanOrEqual(Math.floor((away - opening * 1_000) / 10_000) + 1);
  // One that left in time may arrive when simulated time has moved on a little.
  for (const [index, { at }] of probing.entries())
    expect(at - (probing[index - 1]?.at ?? Number.NEGATIVE_INFINITY)).toBeGreaterThan(9_000);
  const answers = flow.acknowledgements.slice(acknowledged);
  expect(answers.length).toBeGreaterThanOrEqual(60);
  expect(answers.filter(({ status }) => status < 200 || status > 299)).toEqual([]);

  // It is there again, and takes little: four minutes of refusals, some of which say when to return.
  const back = clock.monotonic();
  flow.use('databricks', () => {
    if (random() > 0.5) return null;
    return random() > 0.5 ? { kind: 'too-many' } : { kind: 'too-many', retryAfterSeconds: 2 };
  });
  await flow.pass(4 * minute);
  flow.use('databricks', () => null);
  await drain();
  const drained = clock.monotonic() - back;
  const asked = flow.since(back, 'databricks');
  expect(asked.filter(({ fault }) => fault === 'too-many').length).toBeGreaterThan(0);
  expect(asked.filter(({ fault }) => fault === 'too-many-retry-after').length).toBeGreaterThan(0);
  const most = mostInASecond(asked);
  for (const [family, limit] of Object.entries(limits))
    expect(most.get(family) ?? 0, `${family} in a second`).toBeLessThanOrEqual(limit);
  expect(await findViolations(world, view)).toEqual({ lost: [], doubled: [], wrong: [] });

  // However it vanishes: until that is known only what had been begun is tried, and then one call in ten seconds.
  const vanishing: string[] = [];
  for (const [index, fault] of vanishings.entries()) {
    const branch = `vanishing-${index}`;
    await world.forge.push('walt', 'ml/wine', { ...commit(branch, 1), from: 'main' });
    await world.forge.openPull('walt', 'ml/wine', branch);
    flow.use('databricks', () => fault);
    const from = clock.monotonic();
    await flow.pass(5 * minute);
    const { connection } = (await flow.during(ask<{ connection: Connection }>(base))).body;
    expect(connection.state, JSON.stringify(fault)).toBe('unreachable');
    const tried = flow.since(from, 'databricks');
    expect(tried.length, JSON.stringify(fault)).toBeLessThanOrEqual(40);
    vanishing.push(`${fault.kind}: ${tried.length}`);
    flow.use('databricks', () => null);
    await drain();
  }
  expect(await findViolations(world, view)).toEqual({ lost: [], doubled: [], wrong: [] });
  await view.close();

  const latencies = answers.map(({ milliseconds }) => milliseconds);
  console.log(
    [
      `${answers.length} deliveries while Databricks was away: acknowledged p50 ${inMs(percentile(latencies, 0.5))}, p99 ${inMs(percentile(latencies, 0.99))}`,
      `${probes.length} requests in ${Math.round(away / 1_000)} simulated seconds, ${probes.length - probing.length} of them until it was known to be away`,
      `drained ${Math.round(drained / 1_000)} simulated seconds after its return (4 minutes of 429) with ${asked.length} requests; most in a second: ${JSON.stringify(Object.fromEntries(most))}`,
      `requests in five simulated minutes from the moment at which it vanished: ${vanishing.join(', ')}`,
    ].join('\n'),
  );

  async function drain(): Promise<void> {
    let left: string[] = ['not looked at'];
    for (let seconds = 0; left.length > 0; seconds += 10) {
      expect(seconds, left.join('; ')).toBeLessThan(3_600);
      await flow.pass(10_000);
      left = await unfinished(world, view);
    }
  }
  function lastPull(): number {
    const { pulls } = world.forge.forge.context.store;
    return pulls.find({ repositoryId: repository, headBranch: `away-${open}` })?.index ?? 0;
  }
  async function releases(): Promise<unknown> {
    return [
      await view.rows('select id, state from releases order by id'),
      await view.rows('select * from release_steps order by release_id, position'),
      await view.rows(`select count(*) as "rows" from outbox where topic = 'promote'`),
    ];
  }
});

function commit(branch: string, number: number) {
  return {
    branch,
    message: `Change ${number} of ${branch}`,
    files: { [`data/${branch}.csv`]: `${number}\n` },
  };
}

/** Waits until Databricks runs something. */
async function running(view: ReturnType<typeof sqliteView>): Promise<void> {
  for (let rows = 0; rows === 0; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    rows = (await view.rows("select id from runs where state = 'running'")).length;
  }
}
