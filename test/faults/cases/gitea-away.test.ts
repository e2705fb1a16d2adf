import { afterAll, expect, test } from 'vitest';
import type { BackendHere } from '../clocked/backend-here.ts';
import { backendHere } from '../clocked/backend-here.ts';
import { reader } from '../clocked/reader.ts';
import { sqliteView } from '../invariants/store-view.ts';
import { unfinished } from '../invariants/unfinished.ts';
import { findViolations } from '../invariants/violations.ts';
import type { FaultPlan } from '../proxy/fault.ts';
import { Story } from '../world/story.ts';
import { botName } from '../world/world.ts';

const minute = 60_000;
const opened: BackendHere[] = [];
afterAll(async () => {
  for (const here of opened) await here.close();
});

/** How it is away; six minutes each. null: connections are refused. */
const kinds: { name: string; plan: FaultPlan | null }[] = [
  { name: 'nothing is answered', plan: () => ({ kind: 'stall' }) },
  { name: 'connections are refused', plan: null },
  { name: 'it answers 500', plan: () => ({ kind: 'error', status: 500 }) },
  {
    name: 'a gateway answers with a page',
    plan: ({ nth }) => ({ kind: 'page', status: nth % 2 ? 502 : 200 }),
  },
  // Reads go through, and whatever is written is written, and never confirmed.
  { name: 'answers are lost', plan: ({ method }) => (method === 'GET' ? null : { kind: 'lost-answer' }) },
];

test('Gitea away for half an hour while runs end: the newest status, one comment, nothing forgotten', async () => {
  const here = await backendHere();
  opened.push(here);
  const { world, flow, clock } = here;
  const view = sqliteView(`${world.folder}/backend.db`);
  await flow.during(Story.begin(world, view));
  const repository = world.forge.repository('ml/wine').id;
  const ask = await reader(world, 'ada');

  // What runs when Gitea vanishes, and ends meanwhile: well, badly, and replaced by a newer commit.
  for (const number of [1, 2, 3, 4, 5, 6])
    await open(`before-${number}`, number % 3 === 0 ? { fail: 'out of memory' } : {});
  await flow.during(running(6));
  const gone = clock.monotonic();
  let number = 0;
  for (const { name, plan } of kinds) {
    if (plan === null) await world.gitea.down();
    else {
      flow.use('gitea', plan);
      await world.gitea.up();
    }
    const asked = flow.since(0, 'gitea').length;
    for (let passed = 0; passed < 6; passed += 1) {
      if (passed === 1)
        await world.forge.push('walt', 'ml/wine', change(`before-${1 + (number % 3)}`, number));
      if (passed === 2) await open(`away-${number}`, {});
      number += 1;
      await world.forge.forge.webhooksSent();
      await flow.pass(minute);
    }
    // It is asked again and again all the time, and not in vain often.
    const tries = flow.since(0, 'gitea').length - asked;
    expect(tries, name).toBeGreaterThan(10);
    if (name === 'answers are lost') continue;
    for (const path of ['', '/models', '/runs']) {
      const { status, body } = await flow.during(
        ask<{ code: string; detail: string }>(`repositories/${repository}${path}`),
      );
      expect([status, body.code], `${path} while ${name}`).toEqual([502, 'gitea-unavailable']);
      expect(body.detail).toMatch(/Gitea does not answer/);
    }
  }
  const away = clock.monotonic() - gone;
  expect(flow.acknowledgements.filter(({ status }) => status < 200 || status > 299)).toEqual([]);
  // Comments of which no answer came are there; that they are, their next try has seen.
  const created = flow
    .since(gone, 'gitea')
    .filter(
      ({ method, path, fault }) => method === 'POST' && path.endsWith('/comments') && fault === 'lost-answer',
    );
  expect(created.length).toBeGreaterThan(0);

  const back = clock.monotonic();
  flow.use('gitea', () => null);
  let left: string[] = ['not looked at'];
  for (let seconds = 0; left.length > 0; seconds += 10) {
    expect(seconds, left.join('; ')).toBeLessThan(240);
    await flow.pass(10_000);
    left = await unfinished(world, view);
  }
  const drained = clock.monotonic() - back;
  expect(await findViolations(world, view)).toEqual({ lost: [], doubled: [], wrong: [] });
  const { store } = world.forge.forge.context;
  const pulls = store.pulls.list({ repositoryId: repository });
  expect(pulls.length).toBeGreaterThanOrEqual(6 + kinds.length);
  for (const pull of pulls) {
    expect(world.forge.commentsOf(botName, pull), `comments in #${pull.index}`).toHaveLength(1);
    const said = world.forge.statuses(repository).get(pull.headSha)?.at(-1);
    expect(said?.state, `status of #${pull.index}`).toMatch(/^(success|failure|error)$/);
  }
  expect(await view.rows("select id from deliveries where state <> 'processed'")).toEqual([]);
  await view.close();
  console.log(
    [
      `Gitea was away for ${Math.round(away / 1_000)} simulated seconds and asked ${flow.since(gone, 'gitea').filter(({ at }) => at < back).length} times; ${created.length} comments were made of which no answer came`,
      `all was said ${Math.round(drained / 1_000)} simulated seconds after its return`,
    ].join('\n'),
  );

  async function open(branch: string, plan: { fail?: string }): Promise<void> {
    const training = { metrics: { rmse: 0.45 }, milliseconds: 1_500, ...plan };
    const files = { 'plan.json': JSON.stringify(training), 'data/branch.csv': `${branch}\n` };
    await world.forge.push('walt', 'ml/wine', { branch, from: 'main', message: `Try ${branch}`, files });
    await world.forge.openPull('walt', 'ml/wine', branch);
  }
  async function running(count: number): Promise<void> {
    for (let rows = 0; rows < count; ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      rows = (await view.rows("select id from runs where state = 'running'")).length;
    }
  }
});

function change(branch: string, number: number) {
  return { branch, message: `Change ${number}`, files: { 'data/changed.csv': `${number}\n` } };
}
