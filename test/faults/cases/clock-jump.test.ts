import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backendPath } from '../../../src/demo/setup/backend-configuration.ts';
import type { StoreView } from '../invariants/store-view.ts';
import { sqliteView } from '../invariants/store-view.ts';
import { findViolations } from '../invariants/violations.ts';
import type { BackendProcess } from '../process/backend-process.ts';
import { eventually } from '../world/eventually.ts';
import { beginRepository, openPulls, runStates, settled } from '../world/trainings.ts';
import type { Replica } from '../world/world.ts';
import { repositoryConfiguration, World } from '../world/world.ts';

const minutes = 60_000;
/** Less than the clock jumps: by our clock alone every run would be late. */
const configuration = repositoryConfiguration.replace('timeout: 10m', 'timeout: 3m');

let world: World;
let replica: Replica;
let backend: BackendProcess;
let view: StoreView;

beforeAll(async () => {
  world = await World.open();
  replica = await world.replica('one');
  backend = await world.start(replica);
  view = sqliteView(`${world.folder}/backend.db`);
  await beginRepository(world, 'ml/wine', configuration);
  await settled(world, view);
});

afterAll(async () => {
  await view?.close();
  await world?.close();
});

/** What the log says from here on. */
function logFromNow(): () => string {
  const { length } = readFileSync(replica.logFile, 'utf8');
  return () => readFileSync(replica.logFile, 'utf8').slice(length);
}

test.each([
  ['ahead of', 10 * minutes],
  ['behind', -10 * minutes],
])(
  'the clock jumps until it is 10 minutes %s what is right, in the middle of runs, and back',
  async (side, aheadMs) => {
    const before = (await runStates(view)).succeeded ?? 0;
    await openPulls(world, 'ml/wine', 3, { metrics: { rmse: 0.4 }, milliseconds: 4_000 });
    await eventually('running runs', async () => ((await runStates(view)).running ?? 0) >= 2);
    const log = logFromNow();
    await backend.setClock(aheadMs);
    // Runs under way are watched to their end; what is new waits until Databricks believes our tokens.
    await eventually(
      'the end of runs under way',
      async () => ((await runStates(view)).succeeded ?? 0) >= before + 2,
    );
    await openPulls(world, 'ml/wine', 2, { metrics: { rmse: 0.4 }, milliseconds: 500 });
    const said = `The clock of the backend's machine is 10 minutes ${side} Databricks'`;
    await eventually('a line that names the clock', () => log().includes(said));
    const [waiting] = await view.rows<{ last_error: string }>(
      "select last_error from outbox where state = 'pending' and last_error is not null",
    );
    expect(waiting?.last_error).toContain(said);
    await backend.setClock(0);
    await settled(world, view);
    expect(log()).not.toContain('"a duty was given up"');
    const ends = "select number, state, state_reason from runs where state <> 'succeeded'";
    expect(await view.rows(ends)).toEqual([]);
    expect(await runStates(view)).toEqual({ succeeded: before + 5 });
    expect(await findViolations(world, view)).toEqual({ lost: [], doubled: [], wrong: [] });
    const ids = await view.rows<{ key: string; id: string }>('select key, id from outbox order by rowid');
    for (const [key, rows] of Map.groupBy(ids, (row) => row.key))
      expect(
        rows.map(({ id }) => id),
        key,
      ).toEqual(rows.map(({ id }) => id).toSorted());
  },
);

test.each([
  ['ahead of', 10 * minutes],
  ['behind', -10 * minutes],
])(
  'people are told that the clock is 10 minutes %s what is right, instead of an empty page',
  async (side, aheadMs) => {
    const cookie = await world.cookieOf('ada');
    const { id } = world.forge.repository('ml/wine');
    await backend.stop();
    // Without any token from before.
    backend = await world.start(replica, aheadMs);
    const [run] = await view.rows<{ id: string }>("select id from runs where state = 'succeeded' limit 1");
    const path = `repositories/${id}/runs/${run?.id}/tasks/train/output`;
    const response = await fetch(`${replica.origin}${backendPath}api/v1/${path}`, { headers: { cookie } });
    expect(response.status).toBe(502);
    const problem = (await response.json()) as { code: string; detail: string };
    expect(problem.code).toBe('databricks-unavailable');
    expect(problem.detail).toContain(`The clock of the backend's machine is 10 minutes ${side} Databricks'`);
    await backend.stop();
    backend = await world.start(replica);
    const right = await fetch(`${replica.origin}${backendPath}api/v1/${path}`, { headers: { cookie } });
    expect(right.status).toBe(200);
  },
);
