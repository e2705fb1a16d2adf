import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Client } from '../support.ts';
import { upload } from '../support.ts';
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

/** What may not be read is not there; what may not be written says so. */
describe('a folder', () => {
  const folder = '/Guarded';
  const tree = '/api/2.0/workspace';
  let principals: Record<string, Client>;
  let acts: Record<string, Act>;

  beforeAll(async () => {
    const { admin } = shared;
    await upload(admin, `${folder}/x.txt`, 'x');
    const { object_id: id } = (await admin.get(`${tree}/get-status?path=${folder}`)).body;
    const path = `/api/2.0/permissions/directories/${id}`;
    principals = await withLevels(shared, path, ['CAN_READ', 'CAN_RUN', 'CAN_EDIT', 'CAN_MANAGE']);
    const write =
      (name: string, overwrite: boolean): Act =>
      (as, column) =>
        as.send(
          'POST',
          `/api/2.0/workspace-files/import-file/${encodeURIComponent(`Guarded/${name.replace('*', column)}`)}?overwrite=${overwrite}`,
          'y',
        );
    acts = {
      'list it': (as) => as.get(`${tree}/list?path=${folder}`),
      'read a file': (as) => as.get(`${tree}/export?path=${folder}/x.txt`),
      'read a file that is not there': (as) => as.get(`${tree}/get-status?path=${folder}/none.txt`),
      'overwrite a file': write('x.txt', true),
      'write a new file': write('*.txt', false),
      'make a folder in it': (as, name) => as.post(`${tree}/mkdirs`, { path: `${folder}/${name}` }),
      'delete a file': async (as, name) => {
        await upload(admin, `${folder}/gone-${name}.txt`, 'x');
        return as.post(`${tree}/delete`, { path: `${folder}/gone-${name}.txt` });
      },
      'make an experiment in it': (as, name) =>
        as.post('/api/2.0/mlflow/experiments/create', { name: `${folder}/experiment of ${name}` }),
      ...permissionActs(path),
    };
  });

  test.each([
    //                                  admin read run edit manage nobody
    ['list it', '                        +    +   +   +    +     ?'],
    ['read a file', '                    +    +   +   +    +     ?'],
    ['read a file that is not there', '  ?    ?   ?   ?    ?     ?'],
    ['overwrite a file', '               +    -   -   +    +     -'],
    ['write a new file', '               +    -   -   -    +     -'],
    ['make a folder in it', '            +    -   -   -    +     -'],
    ['delete a file', '                  +    -   -   -    +     -'],
    ['make an experiment in it', '       +    -   -   +    +     -'],
    ['see the permissions', '            +    -   -   -    +     -'],
    ['change the permissions', '         +    -   -   -    +     -'],
  ])('who may %s', async (what, row) => {
    await expectRow(principals, actOf(acts, what), row.trim());
  });
});
