import { describe, expect, test } from 'vitest';
import {
  comments,
  configuration,
  files,
  hook,
  openPull,
  openStage,
  runOf,
  startRooms,
  statusOf,
  until,
  wendy,
} from './stage.ts';

const good = { metrics: { rmse: [0.9, 0.7], accuracy: [0.8, 0.9] } };
const by = { user: wendy, requestId: 'request-1' };

async function prepared(main: Record<string, string>) {
  const stage = await openStage();
  const rooms = await startRooms(stage);
  await hook(stage, rooms);
  const main0 = await stage.team.commit('main', main);
  return { stage, rooms, team: stage.team, main0 };
}

describe('what trains', () => {
  test('a merge of a trained head is not trained again: its commit gets that run’s status', async () => {
    const { stage, rooms, team, main0 } = await prepared({
      '.gitea/databricks.yml': configuration,
      ...files(good),
    });
    await runOf(stage, rooms, main0, 'succeeded');
    const better = files({ metrics: { rmse: [0.9, 0.6], accuracy: [0.8, 0.91] } });
    const head = await team.commit('better', better);
    const index = await openPull(stage, 'better');
    await statusOf(stage, head, 'success');
    const merged = await team.api('ada', 'POST', `/repos/ml/wine/pulls/${index}/merge`, { Do: 'merge' });
    expect(merged.status).toBe(200);
    const branch = await team.api('ada', 'GET', '/repos/ml/wine/branches/main');
    const status = await statusOf(stage, branch.body.commit.id, 'success');
    expect(status.description).toContain('both gates pass');
    expect(await rooms.stores.runs.ofCommit(stage.repository.id, branch.body.commit.id)).toEqual([]);
    await until('the promotion', async () => rooms.promoted.length > 0);
    expect(rooms.promoted).toMatchObject([
      {
        repository: stage.repository.id,
        pull: index,
        head,
        mergeCommit: branch.body.commit.id,
        mergedBy: { name: 'ada' },
      },
    ]);
    // The next candidate is compared with the merged one, though its commit has no run of its own.
    const next = await team.commit('next', files({ metrics: { rmse: [0.9, 0.61], accuracy: [0.8, 0.91] } }));
    await openPull(stage, 'next');
    const run = await runOf(stage, rooms, next, 'succeeded');
    expect(run.pulls[0]?.verdict?.baseline).toMatchObject({
      kind: 'ancestor',
      commit: branch.body.commit.id,
    });
  }, 120_000);

  test('a merge is spoken for by the run as committed, not by what was tried out with the same files later', async () => {
    const { stage, rooms, team, main0 } = await prepared({
      '.gitea/databricks.yml': configuration,
      ...files(good),
    });
    await runOf(stage, rooms, main0, 'succeeded');
    const head = await team.commit('better', files({ metrics: { rmse: [0.9, 0.6], accuracy: [0.8, 0.91] } }));
    const index = await openPull(stage, 'better');
    const run = await runOf(stage, rooms, head, 'succeeded');
    const repository = (await rooms.repositories.find(stage.repository.id))!;
    const tried = await rooms.training.actions.train(
      repository,
      { pull: index, parameters: { depth: 11 } },
      by,
    );
    await until('the end of the experiment', async () => {
      return (await rooms.stores.runs.findById(tried.id))?.state === 'succeeded';
    });
    await team.api('ada', 'POST', `/repos/ml/wine/pulls/${index}/merge`, { Do: 'merge' });
    const branch = await team.api('ada', 'GET', '/repos/ml/wine/branches/main');
    const status = await statusOf(stage, branch.body.commit.id, 'success');
    expect(status.target_url).toContain(`#/runs/${run.id}`);
  }, 120_000);

  test('a change that touches no path trains nothing and says so; one that changes the configuration is told when it counts', async () => {
    const { stage, rooms, team, main0 } = await prepared({
      '.gitea/databricks.yml': configuration,
      'README.md': 'a',
    });
    const head = await team.commit('docs', { 'README.md': 'b' });
    const index = await openPull(stage, 'docs');
    expect((await statusOf(stage, head, 'success')).description).toContain('Nothing to train');
    const [comment] = await until('a comment', async () => {
      const all = await comments(stage, index);
      return all.length > 0 && all;
    });
    expect(comment?.body).toContain('### Nothing to train');
    expect(await rooms.stores.runs.ofCommit(stage.repository.id, head)).toEqual([]);
    expect(await rooms.stores.runs.ofCommit(stage.repository.id, main0)).toEqual([]);

    const changed = configuration.replace('limit: 0.9', 'limit: often');
    const edit = await team.commit('edit', { '.gitea/databricks.yml': changed });
    const second = await openPull(stage, 'edit');
    await statusOf(stage, edit, 'success');
    const [told] = await until('a comment', async () => {
      const all = await comments(stage, second);
      return all.length > 0 && all;
    });
    expect(told?.body).toContain('takes effect after the merge');
    expect(told?.body).toMatch(/In this pull request, \.gitea\/databricks\.yml line 11/);
  }, 120_000);

  test('an invalid configuration is reported with its line, and its correction trains what waited', async () => {
    const { stage, rooms, team } = await prepared({
      '.gitea/databricks.yml': configuration.replace('direction: lower', 'direction: down'),
      'README.md': 'a',
    });
    const head = await team.commit('change', files(good));
    const index = await openPull(stage, 'change');
    expect((await statusOf(stage, head, 'error')).description).toContain('.gitea/databricks.yml:11');
    const [comment] = await until('a comment', async () => {
      const all = await comments(stage, index);
      return all.length > 0 && all;
    });
    expect(comment?.body).toContain('### Not trained');
    await team.commit('main', { '.gitea/databricks.yml': configuration });
    await runOf(stage, rooms, head, 'succeeded');
  }, 120_000);

  test('a fork waits for approval of its head, then trains as the fork principal and registers nothing', async () => {
    const { stage, rooms, team, main0 } = await prepared({
      '.gitea/databricks.yml': configuration,
      ...files(good),
    });
    await runOf(stage, rooms, main0, 'succeeded');
    expect((await team.api('rita', 'POST', '/repos/ml/wine/forks', {})).status).toBe(202);
    await team.git(team.work, 'checkout', '--quiet', '-b', 'theirs', 'origin/main');
    const plan = JSON.stringify({ metrics: { rmse: [0.9, 0.5], accuracy: [0.8, 0.95] } });
    await import('node:fs/promises').then(({ writeFile }) => writeFile(`${team.work}/plan.json`, plan));
    await team.git(team.work, 'commit', '--quiet', '-am', 'From outside');
    await team.git(team.work, 'push', '--quiet', team.remote('rita', 'rita/wine'), 'theirs');
    const head = await team.git(team.work, 'rev-parse', 'HEAD');
    const opened = await team.api('rita', 'POST', '/repos/ml/wine/pulls', {
      head: 'rita:theirs',
      base: 'main',
      title: 'Fork',
    });
    expect(opened.status).toBe(201);
    const index: number = opened.body.number;
    const waiting = await runOf(stage, rooms, head, 'waiting');
    await statusOf(stage, head, 'pending');
    const repository = (await rooms.repositories.find(stage.repository.id))!;
    await expect(
      rooms.training.actions.train(repository, { pull: index, commit: main0 }, by),
    ).rejects.toThrow('The head is');
    await expect(rooms.training.actions.train(repository, { pull: index }, by)).rejects.toThrow(
      'send "commit"',
    );
    // Two writers at once: both are told of the one run, or the later one that it is under way.
    const approve = () => rooms.training.actions.train(repository, { pull: index, commit: head }, by);
    const answers = await Promise.allSettled([approve(), approve()]);
    for (const answer of answers) {
      if (answer.status === 'fulfilled') expect(answer.value.id).toBe(waiting.id);
      else expect(answer.reason).toMatchObject({ code: 'run-in-progress' });
    }
    expect(answers.map((answer) => answer.status)).toContain('fulfilled');
    const run = await runOf(stage, rooms, head, 'succeeded');
    expect(run).toMatchObject({
      trust: 'fork',
      modelVersion: null,
      modelKey: null,
      principal: stage.principals.fork.applicationId,
    });
    const { body } = await stage.admin.get(`/api/2.2/jobs/runs/get?run_id=${run.databricksRunId}`);
    expect(body.run_as_user_name).toBe(stage.principals.fork.applicationId);

    // The repository changes to a job, which runs with its rights: the fork's code must not get there by a retry.
    stage.server.bindings[0]!.jobs.nightly = 1;
    const withJob = configuration.replace('entry: train.py', 'job: nightly');
    await team.commit('main', { '.gitea/databricks.yml': withJob });
    await until('the new configuration', async () => {
      const record = await rooms.stores.memory.configuration(stage.repository.id);
      return record?.state === 'ok' && record.configuration.train.kind === 'job';
    });
    await expect(rooms.training.actions.retry(repository, run, by)).rejects.toThrow(
      'fork cannot train with "job"',
    );
  }, 120_000);

  test('what no delivery told of is found by comparing with Gitea', async () => {
    const stage = await openStage();
    const main0 = await stage.team.commit('main', { '.gitea/databricks.yml': configuration, ...files(good) });
    const head = await stage.team.commit(
      'change',
      files({ metrics: { rmse: [0.9, 0.69], accuracy: [0.8, 0.9] } }),
    );
    const index = await openPull(stage, 'change');
    const rooms = await startRooms(stage);
    await runOf(stage, rooms, main0, 'succeeded');
    await runOf(stage, rooms, head, 'succeeded');
    await stage.team.api('ada', 'POST', `/repos/ml/wine/pulls/${index}/merge`, { Do: 'squash' });
    await rooms.training.reconciler.reconcile();
    await until('the promotion', async () => rooms.promoted.length > 0);
    await rooms.training.reconciler.reconcile();
    expect(rooms.promoted).toHaveLength(1);
    expect((await rooms.stores.runs.counts(stage.repository.id)).runs).toBe(2);
  }, 120_000);

  test('a job of the binding starts with snapshot, commit and nonce as parameters', async () => {
    const stage = await openStage();
    const { body: job } = await stage.admin.post('/api/2.2/jobs/create', {
      name: 'nightly',
      run_as: { service_principal_name: stage.principals.trainer.applicationId },
      parameters: ['snapshot', 'commit', 'nonce', 'experiment', 'depth'].map((name) => ({
        name,
        default: '',
      })),
      environments: [{ environment_key: 'e', spec: { environment_version: '4', dependencies: [] } }],
      tasks: [
        {
          task_key: 'fit',
          environment_key: 'e',
          spark_python_task: {
            python_file: '/Workspace/Shared/jobs/fit.py',
            parameters: [
              '{{job.parameters.snapshot}}',
              '{{job.parameters.experiment}}',
              '{{job.parameters.nonce}}',
              '--depth={{job.parameters.depth}}',
            ],
          },
        },
      ],
    });
    await stage.admin.send('PATCH', `/api/2.0/permissions/jobs/${job.job_id}`, {
      access_control_list: [
        {
          service_principal_name: stage.principals.trainer.applicationId,
          permission_level: 'CAN_MANAGE_RUN',
        },
      ],
    });
    const fit = [
      'import json, os, sys, urllib.request',
      'def call(method, path, body=None):',
      '    request = urllib.request.Request(os.environ["DATABRICKS_HOST"] + path, method=method, data=body and json.dumps(body).encode(), headers={"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"], "Content-Type": "application/json"})',
      '    return json.load(urllib.request.urlopen(request))',
      'snapshot, experiment, nonce = sys.argv[1:4]',
      'plan = json.load(open(os.path.join(snapshot, "plan.json")))',
      'found = call("GET", "/api/2.0/mlflow/experiments/get-by-name?experiment_name=" + experiment)["experiment"]["experiment_id"]',
      'run = call("POST", "/api/2.0/mlflow/runs/create", {"experiment_id": found, "start_time": 1})["run"]["info"]["run_id"]',
      'call("POST", "/api/2.0/mlflow/runs/log-batch", {"run_id": run, "metrics": [{"key": k, "value": v[-1], "timestamp": 1, "step": 0} for k, v in plan["metrics"].items()], "params": [{"key": "argument", "value": sys.argv[4]}]})',
      '',
    ].join('\n');
    await stage.admin.post('/api/2.0/workspace/mkdirs', { path: '/Workspace/Shared/jobs' });
    await stage.admin.send(
      'POST',
      `/api/2.0/workspace-files/import-file/${encodeURIComponent('Workspace/Shared/jobs/fit.py')}?overwrite=true`,
      fit,
    );
    stage.server.bindings[0]!.jobs.nightly = job.job_id;
    const rooms = await startRooms(stage);
    await hook(stage, rooms);
    const withJob = configuration
      .replace('entry: train.py', 'job: nightly')
      .replace('model: wine\n', '')
      .replace('promote', 'none');
    const head = await stage.team.commit('main', { '.gitea/databricks.yml': withJob, ...files(good) });
    const run = await runOf(stage, rooms, head, 'succeeded');
    expect(run).toMatchObject({
      job: `nightly (${job.job_id})`,
      metrics: { rmse: 0.7, accuracy: 0.9 },
      loggedParameters: { argument: '--depth=6' },
    });
    // The same start is found again by its nonce, so that a lost answer can be cancelled.
    const repository = (await rooms.repositories.find(stage.repository.id))!;
    const as = { repository, role: 'trainer' } as const;
    const started = { id: job.job_id, token: run.token, nonce: run.nonce };
    expect(await rooms.workspace.findStarted(as, started, 0)).toBe(run.databricksRunId);
    expect(await rooms.workspace.findStarted(as, { ...started, nonce: 'other' }, 0)).toBeNull();
    // Parameters of people never replace what ties the run to the commit.
    const again = await rooms.workspace.startJob(as, {
      id: job.job_id,
      token: 'another',
      parameters: { commit: 'forged', depth: '7' },
      optional: { commit: head },
    });
    const { body: forged } = await stage.admin.get(`/api/2.2/jobs/runs/get?run_id=${again}`);
    expect(forged.job_parameters).toContainEqual({ name: 'commit', default: '', value: head });
  }, 120_000);

  test('a head that comes back is trained again, whether its delivery came or not', async () => {
    const { stage, rooms, team } = await prepared({
      '.gitea/databricks.yml': configuration,
      'README.md': 'a',
    });
    const a = await team.commit('back', files({ ...good, seconds: 60 }));
    await openPull(stage, 'back');
    await runOf(stage, rooms, a, 'running');
    const b = await team.commit('back', files({ ...good, seconds: 61 }));
    await runOf(stage, rooms, a, 'superseded');
    await runOf(stage, rooms, b, 'queued', 'uploading', 'submitted', 'running');
    const force = async (commit: string) => {
      // Gitea tells times in seconds, and two moves within one are one.
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      await team.git(team.work, 'push', '--quiet', '--force', 'origin', `${commit}:refs/heads/back`);
    };
    await force(a);
    await runOf(stage, rooms, b, 'superseded');
    const again = await runOf(stage, rooms, a, 'queued', 'uploading', 'submitted', 'running');
    expect(again.attempt).toBe(2);
    await force(b);
    expect((await runOf(stage, rooms, b, 'queued', 'uploading', 'submitted', 'running')).attempt).toBe(2);

    await rooms.close();
    await force(a);
    const later = await startRooms(stage);
    expect((await runOf(stage, later, a, 'queued', 'uploading', 'submitted', 'running')).attempt).toBe(3);
  }, 120_000);

  test('a reset of the production branch to a trained commit keeps that run’s status', async () => {
    const { stage, rooms, team, main0 } = await prepared({
      '.gitea/databricks.yml': configuration,
      ...files({ metrics: { rmse: [0.99, 0.95], accuracy: [0.8, 0.9] } }),
    });
    await statusOf(stage, main0, 'failure');
    const next = await team.commit('main', files(good));
    await runOf(stage, rooms, next, 'succeeded');
    await team.git(team.work, 'push', '--quiet', '--force', 'origin', `${main0}:refs/heads/main`);
    await until(
      'the delivery',
      async () => (await rooms.stores.memory.seenHead(stage.repository.id)) === main0,
    );
    const { body } = await team.api('wendy', 'GET', `/repos/ml/wine/commits/${main0}/status`);
    expect(body.statuses.map((status: { status: string }) => status.status)).toEqual(['failure']);
    expect((await rooms.stores.runs.counts(stage.repository.id)).runs).toBe(2);
  }, 120_000);

  test('code that trains cannot change what is trained', async () => {
    const { stage, rooms, team } = await prepared({
      '.gitea/databricks.yml': configuration,
      'README.md': 'a',
    });
    const meddling = [
      'import json, os, urllib.error, urllib.parse, urllib.request',
      'for path in ["gitea-databricks/wine/launcher/x.py", "gitea-databricks/wine/1/other.py"]:',
      '    url = os.environ["DATABRICKS_HOST"] + "/api/2.0/workspace-files/import-file/" + urllib.parse.quote(path, safe="") + "?overwrite=true"',
      '    request = urllib.request.Request(url, data=b"print(666)", method="POST", headers={"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"]})',
      '    try:',
      '        urllib.request.urlopen(request)',
      '        raise SystemExit("wrote " + path)',
      '    except urllib.error.HTTPError as error:',
      '        print(path, error.code)',
      'raise ValueError("refused both")',
      '',
    ].join('\n');
    const head = await team.commit('meddle', { 'train.py': meddling });
    await openPull(stage, 'meddle');
    const run = await runOf(stage, rooms, head, 'failed');
    expect(run.error?.message).toContain('refused both');
    expect(run.snapshot).toBe(`/Workspace/gitea-databricks/wine/${stage.repository.id}/${head}`);
  }, 120_000);

  test('a pull request whose configuration was wrong is found again when it is right', async () => {
    const { stage, rooms, team } = await prepared({
      '.gitea/databricks.yml': 'version: 2',
      'README.md': 'a',
    });
    const head = await team.commit('change', files(good));
    await openPull(stage, 'change');
    await statusOf(stage, head, 'error');
    await rooms.close();
    await team.commit('main', { '.gitea/databricks.yml': configuration });
    const later = await startRooms(stage);
    await runOf(stage, later, head, 'succeeded');
  }, 120_000);
});
