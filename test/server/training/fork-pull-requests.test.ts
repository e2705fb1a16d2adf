import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Stage } from './stage.ts';
import {
  comments,
  configuration,
  files,
  hook,
  openStage,
  runOf,
  startRooms,
  statusOf,
  until,
} from './stage.ts';

const good = { metrics: { rmse: [0.9, 0.7], accuracy: [0.8, 0.9] } };

/** Commits files on a branch and pushes it to rita's fork. @returns the commit */
async function pushFromFork({ team }: Stage, more: Record<string, string>): Promise<string> {
  const { git, work } = team;
  const known = await git(work, 'branch', '--list', 'theirs');
  await git(work, 'checkout', '--quiet', ...(known === '' ? ['-b', 'theirs', 'origin/main'] : ['theirs']));
  for (const [path, text] of Object.entries(more)) await writeFile(join(work, path), text);
  await git(work, 'add', '--all');
  await git(work, 'commit', '--quiet', '-m', 'From outside');
  await git(work, 'push', '--quiet', team.remote('rita', 'rita/wine'), 'theirs');
  return await git(work, 'rev-parse', 'HEAD');
}

/** Writes a comment; the forge delivers it by its webhook. @returns the bot's reaction, once it is there */
async function answerTo({ team }: Stage, user: string, index: number, body: string): Promise<string> {
  const path = '/repos/ml/wine/issues';
  const { body: comment } = await team.api(user, 'POST', `${path}/${index}/comments`, { body });
  return await until(`an answer to ${body}`, async () => {
    const { body: all } = await team.api('ada', 'GET', `${path}/comments/${comment.id}/reactions`);
    return (all[0]?.content as string | undefined) ?? null;
  });
}

test('a fork’s pull request trains when a writer says so: that commit, weakly, as the default branch is configured', async () => {
  const stage = await openStage();
  const rooms = await startRooms(stage);
  await hook(stage, rooms);
  const { team, admin } = stage;
  // So that it may ask what commenters may do: on this stage nobody is signed in.
  await team.api('ada', 'PUT', '/repos/ml/wine/collaborators/bot', { permission: 'admin' });
  const main = await team.commit('main', { '.gitea/databricks.yml': configuration, ...files(good) });
  await runOf(stage, rooms, main, 'succeeded');
  const remoteRuns = async () => {
    const { body } = await admin.get('/api/2.2/jobs/runs/list?limit=25');
    return (body.runs ?? []).map(({ run_name: name }: { run_name: string }) => name) as string[];
  };
  const before = await remoteRuns();

  await team.api('rita', 'POST', '/repos/ml/wine/forks', {});
  const head = await pushFromFork(stage, {
    ...files({ metrics: { rmse: [0.9, 0.5], accuracy: [0.8, 0.95] } }),
    'evil.py': 'raise SystemExit("must not run")\n',
    '.gitea/databricks.yml': configuration
      .replace('entry: train.py', 'entry: evil.py')
      .replace('limit: 0.9', 'limit: 100')
      .replace('timeout: 10m', 'timeout: 20m'),
  });
  const opened = await team.api('rita', 'POST', '/repos/ml/wine/pulls', {
    head: 'rita:theirs',
    base: 'main',
    title: 'From outside',
  });
  const index: number = opened.body.number;

  // It waits, and the page says for what.
  await runOf(stage, rooms, head, 'waiting');
  const status = await statusOf(stage, head, 'pending');
  expect(status.description).toMatch(/approv/i);
  const [comment] = await until('the comment', async () => {
    const all = await comments(stage, index);
    return all.length > 0 && all;
  });
  expect(comment?.body).toContain('Training waits for approval');
  expect(comment?.body).toContain(`/databricks train ${head.slice(0, 10)}`);
  expect(comment?.body).toContain('takes effect after the merge');
  await rooms.training.reconciler.reconcile();
  rooms.training.wake();

  // Its author may not approve it, whatever the configuration in it says.
  expect(await answerTo(stage, 'rita', index, `/databricks train ${head.slice(0, 10)}`)).toBe('-1');

  // Nothing of it reached the workspace.
  const folder = `/Workspace/gitea-databricks/wine/${stage.repository.id}/${head}`;
  const lookUp = (path: string) =>
    admin.get(`/api/2.0/workspace/get-status?path=${encodeURIComponent(path)}`);
  expect((await lookUp(folder)).status).toBe(404);
  const forks = `/Shared/gitea/${stage.repository.id}-forks`;
  const experiment = () =>
    admin.get(`/api/2.0/mlflow/experiments/get-by-name?experiment_name=${encodeURIComponent(forks)}`);
  expect((await experiment()).status).toBe(404);
  expect(await remoteRuns()).toEqual(before);

  // A writer approves exactly this commit.
  expect(await answerTo(stage, 'wendy', index, `/databricks train ${head.slice(0, 10)}`)).toBe('rocket');
  const run = await runOf(stage, rooms, head, 'succeeded');
  expect(run).toMatchObject({
    trust: 'fork',
    commit: head,
    configurationCommit: main,
    configuration: { train: { kind: 'entry', entry: 'train.py' }, timeoutSeconds: 600 },
    principal: stage.principals.fork.applicationId,
    modelKey: null,
    modelVersion: null,
    metrics: { rmse: 0.5, accuracy: 0.95 },
  });
  const { body: remote } = await admin.get(`/api/2.2/jobs/runs/get?run_id=${run.databricksRunId}`);
  expect(remote.run_as_user_name).toBe(stage.principals.fork.applicationId);
  expect(run.experimentId).toBe((await experiment()).body.experiment.experiment_id);
  const { body: versions } = await admin.get('/api/2.1/unity-catalog/models/ml.prod.wine/versions');
  expect(versions.model_versions).toHaveLength(1);

  // The gate is the default branch's, and a push after the approval is not approved.
  expect(run.pulls[0]?.verdict?.metrics.find(({ metric }) => metric === 'rmse')?.gate?.limit).toBe(0.9);
  const trained = await remoteRuns();
  const next = await pushFromFork(stage, { 'plan.json': JSON.stringify(good) });
  await runOf(stage, rooms, next, 'waiting');
  expect(await answerTo(stage, 'wendy', index, '/databricks train')).toBe('confused');
  expect(await answerTo(stage, 'wendy', index, `/databricks train ${head.slice(0, 10)}`)).toBe('confused');
  expect(await remoteRuns()).toEqual(trained);
  expect((await runOf(stage, rooms, next, 'waiting')).databricksRunId).toBeNull();
}, 180_000);
