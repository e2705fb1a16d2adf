import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { client, ended, eventually, isRunning, startWorkspace, temporaryFolder, upload } from '../support.ts';

/** A workspace in a process of its own, so that it can be killed. */
async function separateWorkspace(dataDir: string, pythonCacheDir: string) {
  const module = new URL('../../../../src/emulator/databricks/workspace.ts', import.meta.url).href;
  const script = `
    import { createWorkspace } from ${JSON.stringify(module)};
    const workspace = createWorkspace(${JSON.stringify({ dataDir, pythonCacheDir })});
    await workspace.listen({ port: 0 });
    console.log(JSON.stringify({ host: workspace.host, token: workspace.adminToken }));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await Promise.race([
    child.stdout.take(1).toArray(),
    new Promise<never>((_resolve, reject) =>
      child.once('exit', (code) => reject(new Error(`ended with ${code}`))),
    ),
  ]);
  const { host, token } = JSON.parse(String(line)) as { host: string; token: string };
  return { child, admin: client(host, token) };
}

test('after kill -9 of the workspace its orphaned program is ended, the run has failed and its token is worth nothing', async () => {
  const dataDir = await temporaryFolder();
  const first = await separateWorkspace(dataDir, join(dataDir, 'python'));
  const script = '/Workspace/Shared/app/long.py';
  await upload(
    first.admin,
    script,
    'import os, time\nprint(os.getpid(), os.environ["DATABRICKS_TOKEN"], flush=True)\ntime.sleep(300)\n',
  );
  const { run_id } = (
    await first.admin.post('/api/2.2/jobs/runs/submit', {
      tasks: [{ task_key: 'main', spark_python_task: { python_file: script } }],
    })
  ).body;
  const [pid, token] = await eventually(async () => {
    const { logs } = (await first.admin.get(`/api/2.2/jobs/runs/get-output?run_id=${run_id}`)).body;
    return /^(\d+) (\S+)\n/.exec(logs)?.slice(1);
  }, 'the first line of the log');
  const exit = new Promise((resolve) => first.child.once('exit', resolve));
  first.child.kill('SIGKILL');
  await exit;
  expect(isRunning(Number(pid))).toBe(true);

  const { workspace, admin } = await startWorkspace({ dataDir });
  const run = await ended(admin, run_id);
  expect(run.status.termination_details.message).toContain(
    'The workspace stopped while this task was running',
  );
  await eventually(async () => (isRunning(Number(pid)) ? undefined : true), 'the end of the orphan');
  expect((await client(workspace.host, token).get('/api/2.0/preview/scim/v2/Me')).status).toBe(403);
});
