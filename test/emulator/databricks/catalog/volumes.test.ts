import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { servicePrincipal, startWorkspace, temporaryFolder } from '../support.ts';

const rest = '/api/2.1/unity-catalog';
const files = '/api/2.0/fs/files/Volumes/ml/prod/data';
const folders = '/api/2.0/fs/directories/Volumes/ml/prod/data';

async function withVolume() {
  const dataDir = await temporaryFolder();
  const { workspace, admin } = await startWorkspace({ dataDir });
  await admin.post(`${rest}/catalogs`, { name: 'ml' });
  await admin.post(`${rest}/schemas`, { name: 'prod', catalog_name: 'ml' });
  const volume = { catalog_name: 'ml', schema_name: 'prod', name: 'data', volume_type: 'MANAGED' };
  const { body } = await admin.post(`${rest}/volumes`, volume);
  return { workspace, admin, dataDir, volume, id: body.volume_id as string };
}

test('a volume keeps files until it is deleted', async () => {
  const { admin, dataDir, id } = await withVolume();
  expect((await admin.send('PUT', `${files}/a/b.txt`, 'text')).status).toBe(204);
  expect((await admin.get(`${files}/a/b.txt`)).body).toBe('text');
  expect(existsSync(join(dataDir, 'volumes', id, 'a', 'b.txt'))).toBe(true);
  expect(await admin.send('DELETE', `${folders}/a`)).toMatchObject({
    status: 400,
    body: { details: [{ reason: 'FILES_API_DIRECTORY_IS_NOT_EMPTY' }] },
  });
  expect((await admin.send('DELETE', `${rest}/schemas/ml.prod`)).status).toBe(400);
  expect((await admin.send('DELETE', `${rest}/volumes/ml.prod.data`)).status).toBe(200);
  expect(await admin.get(`${files}/a/b.txt`)).toMatchObject({ status: 404 });
  expect(existsSync(join(dataDir, 'volumes', id))).toBe(false);
  expect((await admin.send('DELETE', `${rest}/schemas/ml.prod`)).status).toBe(200);
});

test('a file that changed since is not sent to who goes on with the old one', async () => {
  const { workspace, admin } = await withVolume();
  await admin.send('PUT', `${files}/a.txt`, 'text');
  const get = (since: string) =>
    fetch(`${workspace.host}${files}/a.txt`, {
      headers: { authorization: `Bearer ${workspace.adminToken}`, 'if-unmodified-since': since },
    });
  const now = (await get('no date')).headers.get('last-modified') ?? '';
  expect((await get(now)).status).toBe(200);
  expect((await get('Thu, 01 Jan 2026 00:00:00 GMT')).status).toBe(412);
});

test.each([
  ['without a type', { volume_type: undefined }, 400],
  ['outside of the workspace', { volume_type: 'EXTERNAL' }, 400],
  ['with a slash in its name', { name: 'a/b' }, 400],
  ['in no schema', { schema_name: 'none' }, 404],
  ['of a name that is taken', {}, 400],
])('a volume %s is refused', async (_, change, status) => {
  const { admin, volume } = await withVolume();
  expect((await admin.post(`${rest}/volumes`, { ...volume, ...change })).status).toBe(status);
});

test('a stranger learns nothing of a volume', async () => {
  const { workspace, admin } = await withVolume();
  const { client: stranger } = await servicePrincipal(workspace, admin, 'stranger');
  for (const path of [
    `${rest}/volumes/ml.prod.data`,
    `${files}/a.txt`,
    folders,
    `${rest}/volumes/ml.prod.none`,
  ])
    expect((await stranger.get(path)).status, path).toBe(403);
  expect((await stranger.send('PUT', `${files}/a.txt`, 'x')).status).toBe(403);
});
