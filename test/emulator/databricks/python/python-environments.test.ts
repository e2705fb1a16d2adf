import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createPythonEnvironments } from '../../../../src/emulator/databricks/python/python-environments.ts';
import { ended, startWorkspace, temporaryFolder, upload } from '../support.ts';

const run = promisify(execFile);
/** Milliseconds: `python -m venv` brings pip along, which takes long where others use the machine, too. */
const timeout = 240_000;
const log = { debug() {}, info() {}, warn() {}, error() {} };

/** A wheel with one module, made without any build tool. */
async function makeWheel(folder: string, word: string): Promise<string> {
  const path = join(folder, 'tinything-1.0-py3-none-any.whl');
  const script = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("tinything.py", "WORD = %r" % sys.argv[2])
    info = "tinything-1.0.dist-info/"
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: tinything\\nVersion: 1.0\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "")
`;
  await run('python3', ['-c', script, path, word]);
  return path;
}

test('who asks at the same time waits for one build, and a later one finds it; another set is another environment', {
  timeout,
}, async () => {
  const cacheDir = join(await temporaryFolder(), 'python');
  const environments = createPythonEnvironments({ cacheDir, python: 'python3', log });
  const stranger = createPythonEnvironments({ cacheDir, python: 'python3', log });
  const [first, second, third] = await Promise.all([
    environments.prepare([]),
    environments.prepare([]),
    stranger.prepare([]),
  ]);
  expect(second).toEqual(first);
  expect(third).toEqual(first);
  expect(await environments.prepare([])).toEqual(first);
  const { stdout } = await run(first.python, ['-c', 'import sys; print(sys.prefix)']);
  expect(stdout.trim()).toBe(first.folder);
  // One folder and the link that marks it as finished; no lock and nothing half made is left.
  expect(await readdir(cacheDir)).toHaveLength(2);
});

test('a build that was cut off is never used, and a lock whose process is gone does not block', {
  timeout,
}, async () => {
  const cacheDir = join(await temporaryFolder(), 'python');
  const environments = createPythonEnvironments({ cacheDir, python: 'python3', log });
  const { folder } = await environments.prepare([]);
  const digest = (await readdir(cacheDir)).find((name) => !folder.endsWith(name)) ?? '';
  const fresh = join(await temporaryFolder(), 'python');
  await mkdir(join(fresh, `${digest}-cut-off`), { recursive: true });
  await writeFile(join(fresh, `${digest}.lock`), '999999999');
  const again = createPythonEnvironments({ cacheDir: fresh, python: 'python3', log });
  const made = await again.prepare([]);
  expect(made.folder).not.toContain('cut-off');
  expect(await readFile(join(made.folder, 'pyvenv.cfg'), 'utf8')).toContain('version');
});

test("a run's environment has its requirements, from a file in the workspace; a broken one fails it with pip's words", {
  timeout,
}, async () => {
  const folder = await temporaryFolder();
  const wheel = await makeWheel(folder, 'from the wheel');
  const { admin } = await startWorkspace({ pythonCacheDir: join(folder, 'python') });
  const app = '/Workspace/Shared/app';
  await upload(admin, `${app}/main.py`, 'import tinything\nprint(tinything.WORD)\n');
  await upload(admin, `${app}/requirements.txt`, '# ours\n./tinything-1.0-py3-none-any.whl  # local\n');
  await upload(admin, `${app}/broken-1.0-py3-none-any.whl`, 'no wheel');
  const file = encodeURIComponent('Workspace/Shared/app/tinything-1.0-py3-none-any.whl');
  await admin.send('POST', `/api/2.0/workspace-files/import-file/${file}`, await readFile(wheel));
  const submit = async (dependencies: string[]) => {
    const { body } = await admin.post('/api/2.2/jobs/runs/submit', {
      tasks: [
        { task_key: 'main', environment_key: 'e', spark_python_task: { python_file: `${app}/main.py` } },
      ],
      environments: [{ environment_key: 'e', spec: { environment_version: '3', dependencies } }],
    });
    const ran = await ended(admin, body.run_id);
    return {
      ran,
      output: (await admin.get(`/api/2.2/jobs/runs/get-output?run_id=${ran.tasks[0].run_id}`)).body,
    };
  };
  const good = await submit([`-r ${app}/requirements.txt`]);
  expect(good.output.error).toBeUndefined();
  expect(good.output.logs).toBe('from the wheel\n');
  const broken = await submit([`${app}/broken-1.0-py3-none-any.whl`]);
  expect(broken.ran.status.termination_details.code).toBe('LIBRARY_INSTALLATION_ERROR');
  expect(broken.output.error).toMatch(/Installing the environment's dependencies failed:[\s\S]*broken/);
  const missing = await submit([`-r ${app}/none.txt`]);
  expect(missing.output.error).toContain('none.txt does not exist');
});
