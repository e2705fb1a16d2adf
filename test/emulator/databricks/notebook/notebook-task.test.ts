import { describe, expect, test } from 'vitest';
import type { Answer, Client } from '../support.ts';
import { ended, servicePrincipal, startWorkspace, upload } from '../support.ts';

const folder = '/Workspace/Shared/app';
const header = '# Databricks notebook source\n';
const cells = (...texts: string[]) => `${header}${texts.join('\n\n# COMMAND ----------\n\n')}\n`;

async function submit(as: Client, tasks: object[]): Promise<Answer> {
  const { body } = await as.post('/api/2.2/jobs/runs/submit', { run_name: 'notebooks', tasks });
  return await ended(as, body.run_id);
}

const notebookTask = (name: string, base_parameters: object = {}, rest: object = {}) => ({
  task_key: name,
  notebook_task: { notebook_path: `${folder}/${name}`, base_parameters },
  ...rest,
});

const outputOf = async (as: Client, run: Answer, key: string): Promise<Answer> => {
  const task = run.tasks.find((each: Answer) => each.task_key === key);
  return (await as.get(`/api/2.2/jobs/runs/get-output?run_id=${task.run_id}`)).body;
};

/** Runs one notebook in source format. @returns the run and its output. */
async function runNotebook(source: string, parameters: object = {}) {
  const { workspace, admin } = await startWorkspace();
  await upload(admin, `${folder}/main.py`, source);
  const run = await submit(admin, [notebookTask('main', parameters)]);
  return { workspace, admin, run, output: await outputOf(admin, run, 'main') };
}

describe('a notebook task', () => {
  test('runs its cells in one namespace and returns what it exits with; later cells do not run', async () => {
    const { run, output } = await runNotebook(
      cells(
        '# MAGIC %md # Title',
        'import json\nx = 20',
        'def double(value):\n    return 2 * value\n\ndouble(x)',
        'dbutils.notebook.exit(json.dumps({"x": double(x)}))',
        'raise ValueError("not reached")',
      ),
    );
    expect(run.state).toMatchObject({ life_cycle_state: 'TERMINATED', result_state: 'SUCCESS' });
    expect(output.notebook_output).toEqual({ result: '{"x": 40}', truncated: false });
    expect(output).not.toHaveProperty('logs');
    expect(output.metadata.tasks[0].notebook_task.notebook_path).toBe(`${folder}/main`);
  });

  test('that exits with nothing has an empty output; a handler for Exception does not stop the exit', async () => {
    const { output } = await runNotebook(cells('x = 1'));
    expect(output.notebook_output).toEqual({});
    const second = await runNotebook(
      cells('try:\n    dbutils.notebook.exit("out")\nexcept Exception:\n    pass', 'raise ValueError("no")'),
    );
    expect(second.output.notebook_output).toEqual({ result: 'out', truncated: false });
  });

  test('that fails names the cell and its line in the trace and keeps the error apart', async () => {
    const { run, output } = await runNotebook(
      cells('def fail(n):\n    raise KeyError(f"no {n}")', 'a = 1\nfail(a)'),
    );
    expect(run.state).toMatchObject({ life_cycle_state: 'INTERNAL_ERROR', result_state: 'FAILED' });
    expect(run.status.termination_details).toMatchObject({
      code: 'RUN_EXECUTION_ERROR',
      type: 'CLIENT_ERROR',
    });
    expect(output.error).toBe("KeyError: 'no 1'");
    expect(output.error_trace).toContain('File "<cell 2 of /Workspace/Shared/app/main>", line 2');
    expect(output.error_trace).toContain('File "<cell 1 of /Workspace/Shared/app/main>", line 2, in fail');
    expect(output.error_trace).toContain('    fail(a)');
    expect(output.error_trace).not.toContain('notebook_runner');
    expect(output.notebook_output).toEqual({});
  });

  test.each([
    ['a syntax error', 'x = = 1', /SyntaxError/, /cell 1 of/],
    ['sys.exit', 'import sys\nsys.exit(3)', /SystemExit: 3/, /cell 1 of/],
    ['a process that ends in the middle', 'import os\nos._exit(0)', /ended with exit code 0 too early/, /^/],
    ['another language', '# MAGIC %sql select 1', /Python only, no %sql cells/, /^/],
    ['Spark', 'spark.table("x")', /spark\.table is not available/, /cell 1 of/],
    [
      'a notebook run',
      'dbutils.notebook.run("./x", 60)',
      /dbutils\.notebook\.run is not available/,
      /cell 1 of/,
    ],
    ['a missing %run', '# MAGIC %run ./nowhere', /Notebook not found: \/Shared\/app\/nowhere/, /^/],
    ['an unknown %pip', '# MAGIC %pip freeze', /%pip freeze: this workspace knows %pip install only/, /^/],
    ['a failed %sh', '# MAGIC %sh exit 4', /shell command failed with exit code 4/, /^/],
  ])('fails with %s', async (_what, source, error, trace) => {
    const { output } = await runNotebook(cells(source));
    expect(output.error).toMatch(error);
    expect(output.error_trace).toMatch(trace);
  });

  test('cuts off what it returns after 5 MB, not inside a character', async () => {
    const { output } = await runNotebook(cells('dbutils.notebook.exit("x" + "ü" * (3 * 1024 * 1024))'));
    expect(output.notebook_output.truncated).toBe(true);
    expect(Buffer.byteLength(output.notebook_output.result)).toBe(5 * 1024 * 1024 - 1);
    expect(output.notebook_output.result).toMatch(/^xü+$/);
  });
});

describe('widgets', () => {
  const echo = cells(
    'import json\ndbutils.widgets.text("a", "default a")\ndbutils.widgets.dropdown("mode", "fast", ["fast", "slow"])',
    'dbutils.notebook.exit(json.dumps([dbutils.widgets.get("a"), dbutils.widgets.get("mode"), dbutils.widgets.getAll()]))',
  );

  test('have the task’s parameters with references resolved, else their defaults', async () => {
    const { run, output } = await runNotebook(echo, { a: '{{job.run_id}}', given: 'yes' });
    expect(JSON.parse(output.notebook_output.result)).toEqual([
      String(run.run_id),
      'fast',
      { a: String(run.run_id), mode: 'fast', given: 'yes' },
    ]);
  });

  test('that nobody defined raise InputWidgetNotDefined', async () => {
    const { output } = await runNotebook(cells('dbutils.widgets.get("nope")'));
    expect(output.error).toMatch(/InputWidgetNotDefined: No input widget named nope is defined$/);
  });

  test('run-now overrides base parameters, and a job parameter overrides both', async () => {
    const { admin } = await startWorkspace();
    await upload(admin, `${folder}/main.py`, echo);
    const { body: job } = await admin.post('/api/2.2/jobs/create', {
      name: 'widgets',
      tasks: [notebookTask('main', { a: 'base', b: 'base', p: 'base' })],
      parameters: [{ name: 'p', default: 'job default' }],
    });
    const start = async (body: object) => {
      const started = await admin.post('/api/2.2/jobs/run-now', { job_id: job.job_id, ...body });
      const run = await ended(admin, started.body.run_id);
      const { result } = (await outputOf(admin, run, 'main')).notebook_output;
      return { run, widgets: JSON.parse(result)[2] };
    };
    const first = await start({ notebook_params: { b: 'now', c: 'new' } });
    expect(first.widgets).toEqual({ a: 'base', b: 'now', c: 'new', p: 'job default', mode: 'fast' });
    expect(first.run.overriding_parameters).toEqual({ notebook_params: { b: 'now', c: 'new' } });
    expect((await start({ job_parameters: { p: 'job' } })).widgets).toMatchObject({ b: 'base', p: 'job' });
    const long = { notebook_params: { a: 'x'.repeat(10_000) } };
    const refused = await admin.post('/api/2.2/jobs/run-now', { job_id: job.job_id, ...long });
    expect(refused.body.message).toContain('cannot exceed 10000 bytes');
  });
});

test('%run shares its namespace, reads widgets from its arguments and knows where it is', async () => {
  const { admin } = await startWorkspace();
  await upload(admin, `${folder}/lib/deeper.py`, cells('DEEP = "deep"'));
  await upload(
    admin,
    `${folder}/lib/names.py`,
    cells('# MAGIC %run ./deeper', 'NAME = dbutils.widgets.get("who") + " " + DEEP'),
  );
  await upload(admin, `${folder}/beside.py`, 'WORD = "module"\n');
  await upload(
    admin,
    `${folder}/main.py`,
    cells(
      '# MAGIC %run ./lib/names $who="you"',
      '# MAGIC %sh echo from the shell > shell.txt',
      'import beside, os',
      'dbutils.notebook.exit(f"{NAME} {beside.WORD} {open(\'shell.txt\').read().strip()} {os.path.basename(os.getcwd())}")',
    ),
  );
  await upload(admin, `${folder}/circle.py`, cells('# MAGIC %run ./circle'));
  const run = await submit(admin, [notebookTask('main'), notebookTask('circle')]);
  expect((await outputOf(admin, run, 'main')).notebook_output.result).toBe(
    'you deep module from the shell app',
  );
  expect((await outputOf(admin, run, 'circle')).error).toContain('runs itself with %run');
});

test('task values go to later tasks, to their references and survive a failure after them', async () => {
  const { admin } = await startWorkspace();
  await upload(
    admin,
    `${folder}/first.py`,
    cells(
      'dbutils.jobs.taskValues.set("score", {"rmse": 0.5})',
      'dbutils.jobs.taskValues.set(key="word", value="w")',
    ),
  );
  await upload(
    admin,
    `${folder}/second.py`,
    cells(
      'v = dbutils.jobs.taskValues.get(taskKey="first", key="score")',
      'd = dbutils.jobs.taskValues.get("first", "none", default=7)',
      "dbutils.notebook.exit(f\"{v['rmse']} {d} {dbutils.widgets.get('word')} {dbutils.widgets.get('json')}\")",
    ),
  );
  await upload(admin, `${folder}/third.py`, cells('dbutils.jobs.taskValues.get("first", "none")'));
  const after = { depends_on: [{ task_key: 'first' }] };
  const parameters = { word: '{{tasks.first.values.word}}', json: '{{tasks.first.values.score}}' };
  const run = await submit(admin, [
    notebookTask('first'),
    notebookTask('second', parameters, after),
    notebookTask('third', {}, after),
  ]);
  expect((await outputOf(admin, run, 'second')).notebook_output.result).toBe('0.5 7 w {"rmse":0.5}');
  expect((await outputOf(admin, run, 'third')).error).toContain('Task first has set no value named none');
});

test('restartPython empties the namespace, and the next cell goes on', async () => {
  const { output } = await runNotebook(
    cells(
      'x = 1\ndbutils.library.restartPython()\ny = 1',
      'dbutils.notebook.exit(str("x" in globals() or "y" in globals()))',
    ),
  );
  expect(output.notebook_output.result).toBe('False');
});

test('a Jupyter notebook runs its code cells, with IPython’s lines', async () => {
  const { admin } = await startWorkspace();
  const notebook = {
    cells: [
      { cell_type: 'markdown', metadata: {}, source: ['# Hello'] },
      {
        cell_type: 'code',
        metadata: {},
        source: ['%matplotlib inline\n', '!echo shell > out.txt\n', 'text = "50 %d" % 3\n'],
      },
      {
        cell_type: 'code',
        metadata: {},
        source: ['dbutils.notebook.exit(text + open("out.txt").read().strip())'],
      },
    ],
    metadata: { language_info: { name: 'python' } },
    nbformat: 4,
    nbformat_minor: 5,
  };
  await upload(admin, `${folder}/main.ipynb`, JSON.stringify(notebook));
  const run = await submit(admin, [notebookTask('main')]);
  expect((await outputOf(admin, run, 'main')).notebook_output.result).toBe('50 3shell');
});

test('a notebook that its principal may not see and one that is not there read the same', async () => {
  const { workspace, admin } = await startWorkspace();
  const trainer = await servicePrincipal(workspace, admin, 'trainer');
  await admin.post('/api/2.0/workspace/mkdirs', { path: '/Private' });
  await upload(admin, '/Private/secret.py', cells('x = 1'));
  await upload(admin, `${folder}/plain.py`, 'x = 1\n');
  const task = (task_key: string, notebook_path: string) => ({ task_key, notebook_task: { notebook_path } });
  const run = await submit(trainer.client, [
    task('secret', '/Private/secret'),
    task('missing', '/Private/missing'),
    task('file', `${folder}/plain.py`),
  ]);
  const codes = run.tasks.map((each: Answer) => each.status.termination_details.code);
  expect(codes).toEqual(['UNAUTHORIZED_ERROR', 'UNAUTHORIZED_ERROR', 'RESOURCE_NOT_FOUND']);
  for (const each of run.tasks)
    expect(each.state.state_message).toMatch(
      /^Unable to access the notebook ".*"\. Either it does not exist/,
    );
});

test('a notebook in a Git source, a relative path and parameters that are no text are refused', async () => {
  const { admin } = await startWorkspace();
  const refusal = async (task: object, rest: object = {}) =>
    (await admin.post('/api/2.2/jobs/create', { tasks: [{ task_key: 'a', ...task }], ...rest })).body.message;
  const at = { notebook_path: '/Shared/x' };
  expect(await refusal({ notebook_task: { ...at, source: 'GIT' } })).toContain('no generic Git');
  expect(await refusal({ notebook_task: at }, { git_source: { git_url: 'x' } })).toContain('no generic Git');
  expect(await refusal({ notebook_task: { notebook_path: 'x' } })).toContain('absolute workspace path');
  expect(await refusal({ notebook_task: { ...at, base_parameters: { a: 1 } } })).toContain(
    'base_parameters.a',
  );
  expect(await refusal({ sql_task: {} })).toContain('spark_python_task and notebook_task only');
});

test('MLflow runs of a notebook carry its path and id beside the job run', async () => {
  const { admin } = await startWorkspace();
  await upload(
    admin,
    `${folder}/main.py`,
    cells(
      `import json, os, urllib.request
def post(path, body):
    request = urllib.request.Request(os.environ["DATABRICKS_HOST"] + "/api/2.0/mlflow/" + path, json.dumps(body).encode(),
        {"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"], "Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request))
experiment = post("experiments/create", {"name": "/Shared/notebooks"})["experiment_id"]
dbutils.notebook.exit(json.dumps(post("runs/create", {"experiment_id": experiment})["run"]["data"]["tags"]))`,
    ),
  );
  const run = await submit(admin, [notebookTask('main')]);
  const tags = JSON.parse((await outputOf(admin, run, 'main')).notebook_output.result);
  const status = await admin.get(`/api/2.0/workspace/get-status?path=${folder}/main`);
  expect(tags).toEqual(
    expect.arrayContaining([
      { key: 'mlflow.databricks.notebookPath', value: '/Shared/app/main' },
      { key: 'mlflow.databricks.notebookID', value: String(status.body.object_id) },
      { key: 'mlflow.databricks.jobRunID', value: String(run.tasks[0].run_id) },
      { key: 'mlflow.source.type', value: 'NOTEBOOK' },
    ]),
  );
});
