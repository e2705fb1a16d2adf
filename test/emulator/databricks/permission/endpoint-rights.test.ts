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

describe('a serving endpoint', () => {
  const base = '/api/2.0/serving-endpoints';
  let principals: Record<string, Client>;
  let acts: Record<string, Act>;

  beforeAll(async () => {
    const { admin, workspace } = shared;
    const rest = '/api/2.1/unity-catalog';
    const versions = '/api/2.0/mlflow/unity-catalog/model-versions';
    await admin.post(`${rest}/catalogs`, { name: 'ml' });
    await admin.post(`${rest}/schemas`, { name: 'prod', catalog_name: 'ml' });
    await admin.post(`${rest}/models`, { catalog_name: 'ml', schema_name: 'prod', name: 'wine' });
    await admin.post(`${versions}/create`, { name: 'ml.prod.wine', source: 'models:/m-1' });
    await admin.send('PUT', '/api/2.0/fs/files/Models/ml/prod/wine/1/MLmodel', 'flavors: {}');
    await admin.post(`${versions}/finalize`, { name: 'ml.prod.wine', version: '1' });
    workspace.failures.inject('serving-update', { message: 'No capacity', times: 99 });
    const config = { served_entities: [{ entity_name: 'ml.prod.wine', entity_version: '1' }] };
    const { body } = await admin.post(base, { name: 'wine', config });
    const path = `/api/2.0/permissions/serving-endpoints/${body.id}`;
    principals = await withLevels(shared, path, ['CAN_VIEW', 'CAN_QUERY', 'CAN_MANAGE']);
    acts = {
      'see it': (as) => as.get(`${base}/wine`),
      // It serves nothing yet: who may ask hears that.
      'query it': (as) => as.post('/serving-endpoints/wine/invocations', { inputs: [[1]] }),
      'update it with a model that it may not use': (as) => as.send('PUT', `${base}/wine/config`, config),
      ...permissionActs(path),
      'delete it': (as) => as.send('DELETE', `${base}/wine`),
    };
  });

  test.each([
    //                                               admin view query manage nobody
    ['see it', '                                      +    +     +     +     -'],
    ['query it', '                                    ?    -     ?     ?     -'],
    ['update it with a model that it may not use', '  +    -     -     -     -'],
    ['see the permissions', '                         +    -     -     +     -'],
    ['change the permissions', '                      +    -     -     +     -'],
  ])('who may %s', async (what, row) => {
    await expectRow(principals, actOf(acts, what), row.trim());
  });

  test('is listed for who may see it, and deleted by who manages it', async () => {
    const listed = async (as: Client | undefined) => (await as?.get(base))?.body.endpoints.length;
    expect([await listed(principals.CAN_VIEW), await listed(principals.nobody)]).toEqual([1, 0]);
    const { CAN_QUERY: query, CAN_MANAGE: manage } = principals;
    await expectRow({ query, manage } as Record<string, Client>, actOf(acts, 'delete it'), '- +');
  });
});
