import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createWorkspace } from '../../../../src/emulator/databricks/workspace.ts';
import type { Answer, Client } from '../support.ts';
import { client } from '../support.ts';

const api = '/api/2.0/mlflow';
let admin: Client;
let experimentId: string;
const ids: Record<string, string> = {};

/** Four runs that differ in everything that a filter can ask for. */
const runs = [
  {
    name: 'anna',
    start: 1000,
    status: 'FINISHED',
    rmse: 0.5,
    depth: '2',
    tags: { 'git.branch': 'main', 'a b': 'x' },
  },
  {
    name: 'Bert',
    start: 2000,
    status: 'FAILED',
    rmse: 0.7,
    depth: '10',
    tags: { 'git.branch': 'feature/one' },
  },
  {
    name: 'carl',
    start: 3000,
    status: 'FINISHED',
    rmse: Number.NaN,
    depth: '3',
    tags: { 'git.branch': 'Main' },
  },
  { name: 'dora', start: 4000, status: 'RUNNING', tags: {} },
];

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'workspace-search-'));
  const workspace = createWorkspace({ dataDir: folder, pythonCacheDir: join(folder, 'python') });
  await workspace.listen({ port: 0 });
  admin = client(workspace.host, workspace.adminToken);
  experimentId = (await admin.post(`${api}/experiments/create`, { name: '/Shared/search' })).body
    .experiment_id;
  for (const { name, start, status, rmse, depth, tags } of runs) {
    const { body } = await admin.post(`${api}/runs/create`, {
      experiment_id: experimentId,
      run_name: name,
      start_time: start,
      tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    });
    const id = body.run.info.run_id;
    ids[name] = id;
    if (rmse !== undefined)
      await admin.post(`${api}/runs/log-metric`, {
        run_id: id,
        key: 'test rmse',
        value: Number.isNaN(rmse) ? 'NaN' : rmse,
        timestamp: 1,
      });
    if (depth) await admin.post(`${api}/runs/log-parameter`, { run_id: id, key: 'depth', value: depth });
    await admin.post(`${api}/runs/update`, { run_id: id, status });
  }
  return async () => {
    await workspace.close();
  };
});

async function search(fields: object): Promise<{ status: number; body: Answer; names: string[] }> {
  const { status, body } = await admin.post(`${api}/runs/search`, {
    experiment_ids: [experimentId],
    ...fields,
  });
  return { status, body, names: (body.runs ?? []).map((each: Answer) => each.info.run_name) };
}

describe('a filter', () => {
  test.each([
    ['metrics.`test rmse` < 0.6', ['anna']],
    ['metrics."test rmse" >= 0.5 and metric."test rmse" <= 7e-1', ['Bert', 'anna']],
    ['metrics."test rmse" != 0.5', ['carl', 'Bert']],
    ["params.depth = '10'", ['Bert']],
    ["parameters.depth != '10'", ['carl', 'anna']],
    ['param.depth IS NULL', ['dora']],
    ['params.depth is not null', ['carl', 'Bert', 'anna']],
    ["tags.git.branch = 'main'", ['anna']],
    ['tags."git.branch" ILIKE \'MAIN\'', ['carl', 'anna']],
    ["tag.`git.branch` LIKE 'feature/%'", ['Bert']],
    ["tags.git.branch LIKE 'm_in'", ['anna']],
    ["tags.`a b` = 'x'", ['anna']],
    ["tags.'a b'='x'", ['anna']],
    ["metrics.'test rmse' < 6e-1", ['anna']],
    ["attributes.status = 'FINISHED' AND params.depth LIKE '%'", ['carl', 'anna']],
    ["status != 'FINISHED'", ['dora', 'Bert']],
    ['attributes.start_time > 2000', ['dora', 'carl']],
    ['start_time <= 2000 and Created > 1000', ['Bert']],
    ["attributes.run_name = 'Bert'", ['Bert']],
    ["run.`Run name` ILIKE 'b%'", ['Bert']],
    ['', ['dora', 'carl', 'Bert', 'anna']],
  ])('%s', async (filter, expected) => {
    expect((await search({ filter })).names).toEqual(expected);
  });

  test('picks runs by a list of ids', async () => {
    const filter = `attributes.run_id IN ('${ids.anna}', '${ids.dora}')`;
    expect((await search({ filter })).names).toEqual(['dora', 'anna']);
    expect((await search({ filter: filter.replace(' IN ', ' NOT IN ') })).names).toEqual(['carl', 'Bert']);
  });

  test.each([
    ["metrics.rmse = '1'", 'Expected numeric value'],
    ['params.depth = 10', 'quoted string'],
    ["params.depth > '1'", "Invalid comparator '>'"],
    ['metrics.rmse LIKE 1', "Invalid comparator 'LIKE'"],
    ["metrics.rmse < 1 or params.depth = '1'", "'or'"],
    ["(params.depth = '1')", "'('"],
    ["nothing.depth = '1'", "Invalid entity type 'nothing'"],
    ["attributes.nothing = '1'", "Invalid attribute key 'nothing'"],
    ['params.depth =', 'quoted string'],
    ['params.depth', 'comparator'],
    ["params.depth = 'open", "''open'"],
    ["'status' = 'FINISHED'", "''status''"],
    ["metrics.'test rmse'.x < 1", "'.x < 1'"],
    ["status IN ('FINISHED')", 'run_id'],
    ["tags.x = '1'; drop table mlflow_runs", "'; drop"],
  ])('%s is refused', async (filter, why) => {
    const { status, body } = await search({ filter });
    expect({ status, code: body.error_code }).toEqual({ status: 400, code: 'INVALID_PARAMETER_VALUE' });
    expect(body.message).toContain(why);
  });
});

describe('an order', () => {
  test.each([
    [['metrics."test rmse" ASC'], ['anna', 'Bert', 'carl', 'dora']],
    [["metrics.'test rmse' ASC"], ['anna', 'Bert', 'carl', 'dora']],
    [['metrics.`test rmse` desc'], ['Bert', 'anna', 'carl', 'dora']],
    [['params.depth'], ['Bert', 'anna', 'carl', 'dora']],
    [['attributes.start_time ASC'], ['anna', 'Bert', 'carl', 'dora']],
    [
      ['status DESC', 'start_time ASC'],
      ['dora', 'anna', 'carl', 'Bert'],
    ],
    [['tags."git.branch" DESC'], ['anna', 'Bert', 'carl', 'dora']],
  ])('by %s', async (orderBy, expected) => {
    expect((await search({ order_by: orderBy })).names).toEqual(expected);
  });

  test.each([['metrics.rmse UPWARDS'], ['nothing.rmse'], ['a b c'], ['']])(
    'by %s is refused',
    async (clause) => {
      expect((await search({ order_by: [clause] })).body.error_code).toBe('INVALID_PARAMETER_VALUE');
    },
  );
});

describe('pages', () => {
  test('follow each other until all runs were seen once', async () => {
    const seen: string[] = [];
    let token: string | undefined;
    do {
      const { names, body } = await search({ max_results: 1, order_by: ['start_time'], page_token: token });
      seen.push(...names);
      token = body.next_page_token;
    } while (token);
    expect(seen).toEqual(['anna', 'Bert', 'carl', 'dora']);
  });

  test('of one question cannot continue another', async () => {
    const { body } = await search({ max_results: 1 });
    const other = await search({
      max_results: 1,
      filter: "status = 'FAILED'",
      page_token: body.next_page_token,
    });
    expect(other.body.error_code).toBe('INVALID_PARAMETER_VALUE');
  });

  test.each([0, -1, 50_001, 'many'])('of %s runs are refused', async (size) => {
    expect((await search({ max_results: size })).body.error_code).toBe('INVALID_PARAMETER_VALUE');
  });
});

test('deleted runs are shown only where they are asked for', async () => {
  await admin.post(`${api}/runs/delete`, { run_id: ids.dora });
  expect((await search({})).names).not.toContain('dora');
  expect((await search({ run_view_type: 'DELETED_ONLY' })).names).toEqual(['dora']);
  expect((await search({ run_view_type: 'ALL' })).names).toContain('dora');
  await admin.post(`${api}/runs/restore`, { run_id: ids.dora });
});
