import { afterAll, expect, test } from 'vitest';
import type { ParkedList, ParkedMessage } from '../../../src/contract/outbox.ts';
import type { BackendHere } from '../clocked/backend-here.ts';
import { backendHere } from '../clocked/backend-here.ts';
import { reader } from '../clocked/reader.ts';
import { sqliteView } from '../invariants/store-view.ts';
import { findViolations } from '../invariants/violations.ts';
import { Story } from '../world/story.ts';
import { botName } from '../world/world.ts';

const opened: BackendHere[] = [];
afterAll(async () => {
  for (const here of opened) await here.close();
});

interface PendingRow {
  topic: string;
  state: string;
  attempts: number;
}

test('what Gitea refuses for good is parked with its reason, shown to administrators, and sent once on their word', async () => {
  const here = await backendHere();
  opened.push(here);
  const { world, flow, clock } = here;
  const view = sqliteView(`${world.folder}/backend.db`);
  const story = await flow.during(Story.begin(world, view));
  const repository = world.forge.repository('ml/wine').id;
  const [ada, wendy] = await Promise.all([reader(world, 'ada'), reader(world, 'wendy')]);
  const parked = `repositories/${repository}/outbox/parked`;

  // The bot may only read from now on; comments, which readers may write, are refused by hand.
  mayWrite(false);
  flow.use('gitea', ({ method, path }) =>
    method !== 'GET' && path.includes('/comments') ? { kind: 'error', status: 403 } : null,
  );
  const before = clock.monotonic();
  await story.do('open');
  await world.forge.forge.webhooksSent();
  const pull = world.forge.forge.context.store.pulls
    .list({ repositoryId: repository, state: 'open' })
    .toSorted((one, other) => other.index - one.index)[0] as { id: number; index: number; headSha: string };
  const waiting = () =>
    view.rows<PendingRow>(
      `select topic, state, attempts from outbox where state in ('pending', 'parked')
       and topic in ('status', 'report') order by topic`,
    );
  let rows: PendingRow[] = [];
  let minutes = 0;
  // It is not given up lightly: an administrator has about an hour to repair a grant.
  for (; rows.length !== 2 || rows.some(({ state }) => state !== 'parked'); minutes += 1) {
    expect(minutes, JSON.stringify(rows)).toBeLessThan(180);
    await flow.pass(60_000);
    rows = await waiting();
  }
  expect(minutes).toBeGreaterThan(30);
  const tries = flow
    .since(before, 'gitea')
    .filter(({ method, path }) => method === 'POST' && path.endsWith(`/statuses/${pull.headSha}`));
  expect(tries.length).toBeGreaterThanOrEqual(24);
  expect(world.forge.statuses(repository).get(pull.headSha) ?? []).toEqual([]);
  expect(world.forge.commentsOf(botName, pull)).toEqual([]);
  // Nobody tries any more.
  const gaveUp = clock.monotonic();
  await flow.pass(600_000);
  const writes = () => flow.since(gaveUp, 'gitea').filter(({ method }) => method !== 'GET');
  expect(writes()).toEqual([]);

  const list = await flow.during(ada<ParkedList>(parked));
  expect(list.status).toBe(200);
  const status = list.body.items.find(({ topic }) => topic === 'status') as ParkedMessage;
  const report = list.body.items.find(({ topic }) => topic === 'report') as ParkedMessage;
  expect(list.body.items).toHaveLength(2);
  expect(status).toMatchObject({ commit: pull.headSha, attempts: 24 });
  expect(report).toMatchObject({ pull: pull.index, attempts: 24 });
  expect(status.reason).toMatch(/permission|not allowed|write|access/i);
  expect(report.reason).not.toBe('');
  // Only for whoever administers the repository.
  expect((await flow.during(wendy(parked))).status).toBe(403);
  const retry = (id: string) => `repositories/${repository}/outbox/${id}/retry`;
  expect((await flow.during(wendy(retry(status.id), {}))).status).toBe(403);

  mayWrite(true);
  flow.use('gitea', () => null);
  // That it may write again does not send it: what was given up waits for a word.
  await flow.pass(600_000);
  expect(writes()).toEqual([]);
  for (const { id } of [status, report]) {
    expect((await flow.during(ada(retry(id), {}))).status).toBe(200);
    // A second click finds nothing to send.
    expect((await flow.during(ada(retry(id), {}))).status).toBe(404);
  }
  await flow.during(story.rest());
  const said = world.forge.statuses(repository).get(pull.headSha) ?? [];
  expect(said.map(({ state }) => state)).toEqual(['success']);
  expect(world.forge.commentsOf(botName, pull)).toHaveLength(1);
  expect((await flow.during(ada<ParkedList>(parked))).body.items).toEqual([]);
  const audit = await view.rows<{ body: string }>('select body from audit');
  const retried = audit.map(({ body }) => JSON.parse(body) as { action: string; actor: { name: string } });
  expect(retried.filter(({ action }) => action === 'message.retried').map(({ actor }) => actor.name)).toEqual(
    ['ada', 'ada'],
  );
  expect(await findViolations(world, view)).toEqual({ lost: [], doubled: [], wrong: [] });
  await view.close();
  console.log(
    `parked after ${minutes} simulated minutes and ${tries.length} tries of the status (those of older words included)`,
  );

  function mayWrite(writes: boolean): void {
    const { teams } = world.forge.forge.context.store;
    const access = writes ? 'write' : 'read';
    for (const team of teams.list({ name: 'databricks' })) {
      const units = Object.fromEntries(Object.keys(team.units).map((unit) => [unit, access]));
      teams.update(team.id, { permission: access, units });
    }
  }
});
