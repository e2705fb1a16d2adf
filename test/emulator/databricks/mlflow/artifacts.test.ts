import { existsSync, readdirSync } from 'node:fs';
import { request as rawRequest } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Answer } from '../support.ts';
import { servicePrincipal, startWorkspace, temporaryFolder } from '../support.ts';

const files = '/api/2.0/fs/files/WorkspaceInternal/Mlflow/Artifacts';
const folders = '/api/2.0/fs/directories/WorkspaceInternal/Mlflow/Artifacts';

async function runInWorkspace() {
  const dataDir = await temporaryFolder();
  const { workspace, admin } = await startWorkspace({ dataDir });
  const mlflow = '/api/2.0/mlflow';
  const { body } = await admin.post(`${mlflow}/experiments/create`, { name: '/Shared/files' });
  const created = await admin.post(`${mlflow}/runs/create`, { experiment_id: body.experiment_id });
  const runId: string = created.body.run.info.run_id;
  return { dataDir, workspace, admin, runId, root: `${body.experiment_id}/Runs/${runId}/artifacts` };
}

/** A request whose path is sent as it is: fetch would tidy it up. */
function send(host: string, token: string, method: string, path: string): Promise<number> {
  const { hostname, port } = new URL(host);
  return new Promise((resolve, reject) => {
    const request = rawRequest(
      { hostname, port, method, path, headers: { authorization: `Bearer ${token}` } },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    request.on('error', reject);
    request.end(method === 'PUT' ? 'intruder' : undefined);
  });
}

describe('artifacts', () => {
  test('come back byte for byte, JSON included, whole or in part', async () => {
    const { workspace, admin, root } = await runInWorkspace();
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, at) => at % 251));
    expect((await admin.send('PUT', `${files}/${root}/deep/er/data.bin`, bytes)).status).toBe(204);
    const headers = { authorization: `Bearer ${workspace.adminToken}` };
    const url = `${workspace.host}${files}/${root}/deep/er/data.bin`;
    const whole = await fetch(url, { headers });
    expect(whole.headers.get('content-length')).toBe('70000');
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
    const part = await fetch(url, { headers: { ...headers, range: 'bytes=100-199' } });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe('bytes 100-199/70000');
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(100, 200))).toBe(true);
    expect((await fetch(url, { headers: { ...headers, range: 'bytes=70000-' } })).status).toBe(416);
    // A JSON file is bytes, too: nothing parses or tidies it.
    await fetch(`${workspace.host}${files}/${root}/broken.json`, {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{"a" :  1,}',
    });
    expect(await (await fetch(`${workspace.host}${files}/${root}/broken.json`, { headers })).text()).toBe(
      '{"a" :  1,}',
    );
  });

  test('are listed by folder in both APIs, and a HEAD tells folders from files', async () => {
    const { workspace, admin, root, runId } = await runInWorkspace();
    await admin.send('PUT', `${files}/${root}/a.txt`, 'a');
    await admin.send('PUT', `${files}/${root}/sub/b.txt`, 'bb');
    const { body } = await admin.get(`${folders}/${root}`);
    expect(body.contents).toMatchObject([
      {
        name: 'a.txt',
        path: `/WorkspaceInternal/Mlflow/Artifacts/${root}/a.txt`,
        is_directory: false,
        file_size: 1,
      },
      { name: 'sub', is_directory: true },
    ]);
    const list = await admin.get(`/api/2.0/mlflow/artifacts/list?run_id=${runId}&path=sub`);
    expect(list.body.files).toEqual([{ path: 'sub/b.txt', is_dir: false, file_size: 2 }]);
    const head = (path: string) => send(workspace.host, workspace.adminToken, 'HEAD', path);
    expect(await head(`${folders}/${root}/sub`)).toBe(200);
    expect(await head(`${folders}/${root}/a.txt`)).toBe(404);
    expect(await head(`${folders}/${root}/none`)).toBe(404);
    expect(await head(`${files}/${root}/a.txt`)).toBe(200);
    expect(await head(`${files}/${root}/sub`)).toBe(404);
  });

  test('are overwritten unless the client says not to, and deleted one by one', async () => {
    const { admin, root } = await runInWorkspace();
    await admin.send('PUT', `${files}/${root}/a.txt`, 'one');
    expect((await admin.send('PUT', `${files}/${root}/a.txt?overwrite=false`, 'two')).status).toBe(409);
    await admin.send('PUT', `${files}/${root}/a.txt?overwrite=true`, 'three');
    expect((await admin.get(`${files}/${root}/a.txt`)).body).toBe('three');
    expect((await admin.send('DELETE', `${files}/${root}/a.txt`)).status).toBe(204);
    expect((await admin.get(`${files}/${root}/a.txt`)).status).toBe(404);
  });

  test.each([
    '../outside',
    'a/../../outside',
    '%2e%2e/outside',
    '..%2foutside',
    '%2e%2e%2f%2e%2e%2foutside',
    'a//b',
    './a',
    'a%5c..%5coutside',
    'a%00b',
    'x'.repeat(300),
  ])('cannot be written or read outside their run: %s', async (path) => {
    const { dataDir, workspace, root } = await runInWorkspace();
    for (const method of ['PUT', 'GET']) {
      const status = await send(workspace.host, workspace.adminToken, method, `${files}/${root}/${path}`);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    }
    expect(existsSync(join(dataDir, 'artifacts')) ? readdirSync(join(dataDir, 'artifacts')) : []).toEqual([]);
  });

  test('need the level of the experiment, and a run is not found under another experiment', async () => {
    const { workspace, admin, root, runId } = await runInWorkspace();
    await admin.send('PUT', `${files}/${root}/a.txt`, 'a');
    await admin.post('/api/2.0/workspace/mkdirs', { path: '/Users/owner' });
    const { body } = await admin.post('/api/2.0/mlflow/experiments/create', { name: '/Users/owner/secret' });
    const hidden = await admin.post('/api/2.0/mlflow/runs/create', { experiment_id: body.experiment_id });
    const hiddenRun: string = hidden.body.run.info.run_id;
    await admin.send(
      'PUT',
      `${files}/${body.experiment_id}/Runs/${hiddenRun}/artifacts/secret.txt`,
      'secret',
    );
    const other = (await servicePrincipal(workspace, admin, 'other')).client;
    const status = async (path: string): Promise<Answer> => (await other.get(path)).status;
    expect(await status(`${files}/${root}/a.txt`)).toBe(200);
    expect(await status(`${files}/${body.experiment_id}/Runs/${hiddenRun}/artifacts/secret.txt`)).toBe(403);
    expect(await status(`${files}/${root.split('/')[0]}/Runs/${hiddenRun}/artifacts/secret.txt`)).toBe(404);
    expect(await status(`${files}/${body.experiment_id}/Runs/${runId}/artifacts/a.txt`)).toBe(403);
  });
});
