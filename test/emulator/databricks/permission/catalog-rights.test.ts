import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Client } from '../support.ts';
import type { Act } from './matrix.ts';
import { expectRow } from './matrix.ts';
import { openSharedWorkspace } from './shared-workspace.ts';

const rest = '/api/2.1/unity-catalog';
const versions = '/api/2.0/mlflow/unity-catalog/model-versions';
const model = 'ml.prod.wine';

let close: () => Promise<void>;
const principals: Record<string, Client> = {};

/** What each column was granted, by securable; everybody but `outside` and `nobody` may use catalog and schema. */
const grants: Record<string, [securable: string, name: string, privileges: string[]][]> = {
  owner: [],
  manager: [['function', model, ['MANAGE']]],
  trainer: [['function', model, ['EXECUTE', 'CREATE MODEL VERSION']]],
  tagger: [['function', model, ['EXECUTE', 'APPLY TAG']]],
  schema: [['schema', 'ml.prod', ['ALL PRIVILEGES']]],
  catalog: [['catalog', 'ml', ['EXECUTE', 'CREATE MODEL']]],
  using: [],
  outside: [['function', model, ['EXECUTE', 'MANAGE', 'APPLY TAG', 'CREATE MODEL VERSION']]],
  nobody: [],
};

beforeAll(async () => {
  const opened = await openSharedWorkspace();
  ({ close } = opened);
  const { admin } = opened;
  await admin.post(`${rest}/catalogs`, { name: 'ml' });
  await admin.post(`${rest}/schemas`, { name: 'prod', catalog_name: 'ml' });
  await admin.post(`${rest}/models`, { catalog_name: 'ml', schema_name: 'prod', name: 'wine' });
  await admin.post(`${versions}/create`, { name: model, source: 'models:/m-1' });
  await admin.send('PUT', '/api/2.0/fs/files/Models/ml/prod/wine/1/MLmodel', 'flavors: {}');
  await admin.post(`${versions}/finalize`, { name: model, version: '1' });
  principals.admin = admin;
  const grant = (securable: string, name: string, principal: string, add: string[]) =>
    admin.send('PATCH', `${rest}/permissions/${securable}/${name}`, { changes: [{ principal, add }] });
  for (const [column, given] of Object.entries(grants)) {
    const { client, applicationId } = await opened.principal(column);
    principals[column] = client;
    if (column !== 'outside' && column !== 'nobody') {
      await grant('catalog', 'ml', applicationId, ['USE CATALOG']);
      await grant('schema', 'ml.prod', applicationId, ['USE SCHEMA']);
    }
    for (const [securable, name, privileges] of given)
      await grant(securable, name, applicationId, privileges);
    if (column === 'owner') await admin.send('PATCH', `${rest}/models/${model}`, { owner: applicationId });
  }
});
afterAll(() => close());

const acts: Record<string, Act> = {
  'read the model': (as) => as.get(`${rest}/models/${model}`),
  'read a model that is not there': (as) => as.get(`${rest}/models/ml.prod.none`),
  'read a model of a schema that is not there': (as) => as.get(`${rest}/models/ml.none.wine`),
  'read a version': (as) => as.get(`${rest}/models/${model}/versions/1`),
  'read a version as mlflow does': (as) => as.get(`${versions}/get?name=${model}&version=1`),
  'read a file of a version': (as) => as.get('/api/2.0/fs/files/Models/ml/prod/wine/1/MLmodel'),
  'add a version': (as) => as.post(`${versions}/create`, { name: model, source: 'models:/m-2' }),
  'set an alias': (as, name) => as.send('PUT', `${rest}/models/${model}/aliases/${name}`, { version_num: 1 }),
  'set an alias as mlflow does': (as, name) =>
    as.post('/api/2.0/mlflow/unity-catalog/registered-models/alias', {
      name: model,
      alias: name,
      version: '1',
    }),
  'remove an alias': (as, name) => as.send('DELETE', `${rest}/models/${model}/aliases/${name}`),
  'tag the model': (as) =>
    as.post('/api/2.0/mlflow/unity-catalog/registered-models/set-tag', { name: model, key: 'k', value: 'v' }),
  'tag a version': (as) =>
    as.post(`${versions}/set-tag`, { name: model, version: '1', key: 'k', value: 'v' }),
  'change the comment': (as) => as.send('PATCH', `${rest}/models/${model}`, { comment: 'x' }),
  'grant on the model': (as) =>
    as.send('PATCH', `${rest}/permissions/function/${model}`, {
      changes: [{ principal: 'account users', remove: ['EXECUTE'] }],
    }),
  'make a model in the schema': (as, name) =>
    as.post(`${rest}/models`, { catalog_name: 'ml', schema_name: 'prod', name: `of_${name}` }),
  'make a schema': (as, name) => as.post(`${rest}/schemas`, { name: `of_${name}`, catalog_name: 'ml' }),
  'make a catalog': (as, name) => as.post(`${rest}/catalogs`, { name: `of_${name}` }),
  'see the schema': (as) => as.get(`${rest}/schemas/ml.prod`),
  'serve the model': (as, name) =>
    as.post('/api/2.0/serving-endpoints', {
      name: `of-${name}`,
      config: { served_entities: [{ entity_name: model, entity_version: '1' }] },
    }),
  'delete a version': (as) => as.send('DELETE', `${rest}/models/${model}/versions/99`),
};

describe('Unity Catalog decides', () => {
  test.each([
    //                                             admin owner manager trainer tagger schema catalog using outside nobody
    [
      'read the model',
      '                             +     +     -       +       +      +      +      -     -       -',
    ],
    [
      'read a model that is not there',
      '             ?     ?     ?       ?       ?      ?      ?      ?     -       -',
    ],
    [
      'read a model of a schema that is not there',
      ' ?     -     -       -       -      -      -      -     -       -',
    ],
    [
      'read a version',
      '                             +     +     -       +       +      +      +      -     -       -',
    ],
    [
      'read a version as mlflow does',
      '              +     +     -       +       +      +      +      -     -       -',
    ],
    [
      'read a file of a version',
      '                   +     +     -       +       +      +      +      -     -       -',
    ],
    [
      'add a version',
      '                              +     +     -       +       -      +      -      -     -       -',
    ],
    [
      'set an alias',
      '                               +     +     +       -       -      -      -      -     -       -',
    ],
    [
      'set an alias as mlflow does',
      '                +     +     +       -       -      -      -      -     -       -',
    ],
    [
      'remove an alias',
      '                            +     +     +       -       -      -      -      -     -       -',
    ],
    [
      'tag the model',
      '                              +     +     -       -       +      +      -      -     -       -',
    ],
    [
      'tag a version',
      '                              +     +     -       -       +      +      -      -     -       -',
    ],
    [
      'change the comment',
      '                         +     +     +       -       -      -      -      -     -       -',
    ],
    [
      'grant on the model',
      '                         +     +     +       -       -      -      -      -     -       -',
    ],
    [
      'make a model in the schema',
      '                 +     -     -       -       -      +      +      -     -       -',
    ],
    [
      'make a schema',
      '                              +     -     -       -       -      -      -      -     -       -',
    ],
    [
      'make a catalog',
      '                             +     -     -       -       -      -      -      -     -       -',
    ],
    [
      'see the schema',
      '                             +     +     +       +       +      +      +      +     -       -',
    ],
    [
      'serve the model',
      '                            +     +     -       +       +      +      +      -     -       -',
    ],
    [
      'delete a version',
      '                           ?     ?     ?       -       -      -      -      -     -       -',
    ],
  ])('who may %s', async (what, row) => {
    const act = acts[what];
    if (!act) throw new Error(`no act is called "${what}"`);
    await expectRow(principals, act, row.trim());
  });

  test('what is revoked is gone at once, and what everybody may do needs no grant of one’s own', async () => {
    const change = (securable: string, name: string, changes: object) =>
      principals.admin?.send('PATCH', `${rest}/permissions/${securable}/${name}`, { changes: [changes] });
    const { using, nobody } = principals;
    const read = acts['read the model'] as Act;
    await change('function', model, { principal: 'account users', add: ['EXECUTE'] });
    await expectRow({ using, nobody } as Record<string, Client>, read, '+ -');
    await change('catalog', 'ml', { principal: 'account users', add: ['USE CATALOG', 'USE SCHEMA'] });
    await expectRow({ using, nobody } as Record<string, Client>, read, '+ +');
    await change('function', model, { principal: 'account users', remove: ['EXECUTE'] });
    await expectRow({ using, nobody } as Record<string, Client>, read, '- -');
    await change('catalog', 'ml', { principal: 'account users', remove: ['USE CATALOG', 'USE SCHEMA'] });
  });
});
