import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../support.ts';
import type { Act } from './matrix.ts';
import { expectRow } from './matrix.ts';
import { actOf, permissionActs, withLevels } from './object-levels.ts';
import type { SharedWorkspace } from './shared-workspace.ts';
import { openSharedWorkspace } from './shared-workspace.ts';

let shared: SharedWorkspace;

beforeAll(async () => {
  shared = await openSharedWorkspace();
});
afterAll(() => shared.close());

describe('an experiment', () => {
  const mlflow = '/api/2.0/mlflow';
  let principals: Record<string, Client>;
  let acts: Record<string, Act>;

  beforeAll(async () => {
    const { admin } = shared;
    await admin.post('/api/2.0/workspace/mkdirs', { path: '/Private' });
    const { experiment_id: id } = (await admin.post(`${mlflow}/experiments/create`, { name: '/Private/x' }))
      .body;
    const run = (await admin.post(`${mlflow}/runs/create`, { experiment_id: id })).body.run.info.run_id;
    const path = `/api/2.0/permissions/experiments/${id}`;
    const files = `/api/2.0/fs/files/WorkspaceInternal/Mlflow/Artifacts/${id}/Runs/${run}/artifacts`;
    await admin.send('PUT', `${files}/a.txt`, 'a');
    principals = await withLevels(shared, path, ['CAN_READ', 'CAN_EDIT', 'CAN_MANAGE']);
    const renaming =
      (start: string): Act =>
      async (as, name) => {
        const rename = (by: Client, new_name: string) =>
          by.post(`${mlflow}/experiments/update`, { experiment_id: id, new_name });
        const renamed = await rename(as, `${start}${name}`);
        if (renamed.status < 400) await rename(admin, '/Private/x');
        return renamed;
      };
    acts = {
      'see it': (as) => as.get(`${mlflow}/experiments/get?experiment_id=${id}`),
      'see it by name': (as) => as.get(`${mlflow}/experiments/get-by-name?experiment_name=/Private/x`),
      'see one that is not there': (as) => as.get(`${mlflow}/experiments/get?experiment_id=12`),
      'see one that is not there by name': (as) =>
        as.get(`${mlflow}/experiments/get-by-name?experiment_name=/Private/none`),
      'search its runs': (as) => as.post(`${mlflow}/runs/search`, { experiment_ids: [id] }),
      'see a run': (as) => as.get(`${mlflow}/runs/get?run_id=${run}`),
      'list artifacts': (as) => as.get(`${mlflow}/artifacts/list?run_id=${run}`),
      'read an artifact': (as) => as.get(`${files}/a.txt`),
      'write an artifact': (as, name) => as.send('PUT', `${files}/${name}.txt`, 'x'),
      'make a run': (as) => as.post(`${mlflow}/runs/create`, { experiment_id: id }),
      'log a metric': (as) =>
        as.post(`${mlflow}/runs/log-metric`, { run_id: run, key: 'm', value: 1, timestamp: 1, step: 1 }),
      'tag a run': (as) => as.post(`${mlflow}/runs/set-tag`, { run_id: run, key: 'k', value: 'v' }),
      'delete and restore a run': async (as) => {
        const deleted = await as.post(`${mlflow}/runs/delete`, { run_id: run });
        return deleted.status < 400 ? as.post(`${mlflow}/runs/restore`, { run_id: run }) : deleted;
      },
      'tag it': (as) =>
        as.post(`${mlflow}/experiments/set-experiment-tag`, { experiment_id: id, key: 'k', value: 'v' }),
      // A name is a path, so the folder in it has a say, too.
      'rename it to where everybody may write': renaming('/Shared/x of '),
      'rename it to where nobody may write': renaming('/Private/x of '),
      'delete and restore it': async (as) => {
        const deleted = await as.post(`${mlflow}/experiments/delete`, { experiment_id: id });
        return deleted.status < 400
          ? as.post(`${mlflow}/experiments/restore`, { experiment_id: id })
          : deleted;
      },
      'make one beside it': (as, name) =>
        as.post(`${mlflow}/experiments/create`, { name: `/Private/${name}` }),
      ...permissionActs(path),
    };
  });

  test.each([
    //                                      admin read edit manage nobody
    ['see it', '                                +     +    +    +      -'],
    ['see it by name', '                        +     +    +    +      -'],
    ['see one that is not there', '             ?     -    -    -      -'],
    ['see one that is not there by name', '     ?     ?    ?    ?      ?'],
    ['search its runs', '                       +     +    +    +      -'],
    ['see a run', '                             +     +    +    +      -'],
    ['list artifacts', '                        +     +    +    +      -'],
    ['read an artifact', '                      +     +    +    +      -'],
    ['write an artifact', '                     +     -    +    +      -'],
    ['make a run', '                            +     -    +    +      -'],
    ['log a metric', '                          +     -    +    +      -'],
    ['tag a run', '                             +     -    +    +      -'],
    ['delete and restore a run', '              +     -    +    +      -'],
    ['tag it', '                                +     -    +    +      -'],
    ['rename it to where everybody may write', '+     -    -    +      -'],
    ['rename it to where nobody may write', '   +     -    -    -      -'],
    ['delete and restore it', '                 +     -    -    +      -'],
    ['see the permissions', '                   +     -    -    +      -'],
    ['change the permissions', '                +     -    -    +      -'],
    ['make one beside it', '                    +     -    -    -      -'],
  ])('who may %s', async (what, row) => {
    await expectRow(principals, actOf(acts, what), row.trim());
  });

  test('is found by who may read it only', async () => {
    const count = async (as: Client) =>
      (await as.post(`${mlflow}/experiments/search`, { max_results: 10, filter: "name = '/Private/x'" })).body
        .experiments?.length ?? 0;
    const found: Record<string, number> = {};
    for (const [name, as] of Object.entries(principals)) found[name] = await count(as);
    expect(found).toEqual({ admin: 1, CAN_READ: 1, CAN_EDIT: 1, CAN_MANAGE: 1, nobody: 0 });
  });
});
