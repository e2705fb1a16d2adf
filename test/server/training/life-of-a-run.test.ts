import { describe, expect, test } from 'vitest';
import type { Rooms, Stage } from './stage.ts';
import {
  comments,
  configuration,
  files,
  hook,
  messageOf,
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

async function prepared() {
  const stage = await openStage();
  const rooms = await startRooms(stage);
  await hook(stage, rooms);
  return { stage, rooms, team: stage.team };
}

const actions = async (stage: Stage, rooms: Rooms) => {
  const { items } = await rooms.stores.audit.list({
    repository: stage.repository.id,
    before: null,
    limit: 200,
  });
  return items.map((entry) => entry.action);
};

describe('the life of a run', () => {
  test('a newer push supersedes the pull request’s older run, here and at Databricks', async () => {
    const { stage, rooms, team } = await prepared();
    await team.commit('main', { '.gitea/databricks.yml': configuration, 'README.md': 'set up' });
    const slow = await team.commit('slow', files({ ...good, seconds: 60 }));
    await openPull(stage, 'slow');
    const older = await runOf(stage, rooms, slow, 'running');
    const newer = await team.commit('slow', files(good));
    const ended = await runOf(stage, rooms, slow, 'superseded');
    expect(ended.stateReason).toContain(newer.slice(0, 10));
    await runOf(stage, rooms, newer, 'succeeded');
    await statusOf(stage, slow, 'error');
    await until('the cancellation at Databricks', async () => {
      const { body } = await stage.admin.get(`/api/2.2/jobs/runs/get?run_id=${older.databricksRunId}`);
      return body.state.result_state === 'CANCELED';
    });
  }, 120_000);

  test('a failing script fails the run with the end of its trace, in status and comment', async () => {
    const { stage, rooms, team } = await prepared();
    await team.commit('main', { '.gitea/databricks.yml': configuration, 'README.md': 'set up' });
    const head = await team.commit('broken', files({ ...good, fail: 'depth ``` must <b>be</b> @ada' }));
    const index = await openPull(stage, 'broken');
    const run = await runOf(stage, rooms, head, 'failed');
    expect(run.error?.task).toBe('train');
    expect(run.error?.trace).toContain('ValueError: depth');
    expect(run.tasks).toMatchObject([{ key: 'train', state: 'failed' }]);
    expect((await statusOf(stage, head, 'failure')).description).toMatch(/^Training failed: ValueError/);
    const [comment] = await until('a comment', async () => {
      const all = await comments(stage, index);
      return all.length > 0 && all;
    });
    expect(comment?.body).toContain('### Training failed');
    expect(comment?.body).toContain('````\n');
    const retried = await rooms.training.actions.retry(
      (await rooms.repositories.find(stage.repository.id))!,
      run,
      by,
    );
    expect(retried).toMatchObject({ attempt: 2, trigger: 'retry', commit: head });
    await until(
      'the second failure',
      async () => (await rooms.stores.runs.findById(retried.id))?.state === 'failed',
    );
    expect(await comments(stage, index)).toHaveLength(1);
  }, 120_000);

  test('a restart in the middle resumes: one run at Databricks, one comment', async () => {
    const { stage, rooms, team } = await prepared();
    await team.commit('main', { '.gitea/databricks.yml': configuration, 'README.md': 'set up' });
    const head = await team.commit('slow', files({ ...good, seconds: 4 }));
    const index = await openPull(stage, 'slow');
    await runOf(stage, rooms, head, 'running');
    await rooms.close();
    const again = await startRooms(stage);
    const run = await runOf(stage, again, head, 'succeeded');
    await until('the comment', async () => (await comments(stage, index)).length === 1);
    const { body } = await stage.admin.get('/api/2.2/jobs/runs/list');
    expect(body.runs.map((item: { run_id: number }) => String(item.run_id))).toEqual([run.databricksRunId]);
    const recorded = ['run.created', 'run.submitted', 'run.ended', 'report.published'];
    await until('the audit entries', async () => {
      const found = await actions(stage, again);
      return recorded.every((action) => found.includes(action));
    });
  }, 120_000);

  test('a run that ends while no backend is there is read and reported by the next one', async () => {
    const { stage, rooms, team } = await prepared();
    await team.commit('main', { '.gitea/databricks.yml': configuration, 'README.md': 'set up' });
    const head = await team.commit('ends-alone', files({ ...good, seconds: 3 }));
    const index = await openPull(stage, 'ends-alone');
    await runOf(stage, rooms, head, 'running');
    await rooms.close();
    await until('the end at Databricks', async () => {
      const { body } = await stage.admin.get('/api/2.2/jobs/runs/list');
      return body.runs.every(({ status }: { status: { state: string } }) => status.state === 'TERMINATED');
    });
    const again = await startRooms(stage);
    const run = await runOf(stage, again, head, 'succeeded');
    expect(run.metrics).toMatchObject({ rmse: 0.7 });
    await statusOf(stage, head, 'warning');
    await until('the comment', async () => (await comments(stage, index)).length === 1);
    const ended = (await actions(stage, again)).filter((action) => action === 'run.ended');
    expect(ended).toHaveLength(1);
  }, 120_000);

  test('a submission whose answer was lost is found again by its name', async () => {
    const { stage, rooms, team } = await prepared();
    stage.workspace.failures.inject('response', {
      message: 'lost',
      subject: 'POST /api/2.2/jobs/runs/submit',
    });
    const head = await team.commit('main', { '.gitea/databricks.yml': configuration, ...files(good) });
    await runOf(stage, rooms, head, 'succeeded');
    const { body } = await stage.admin.get('/api/2.2/jobs/runs/list');
    expect(body.runs).toHaveLength(1);
  }, 120_000);

  test('a person cancels a run', async () => {
    const { stage, rooms, team } = await prepared();
    const head = await team.commit('main', {
      '.gitea/databricks.yml': configuration,
      ...files({ ...good, seconds: 60 }),
    });
    const run = await runOf(stage, rooms, head, 'running');
    const repository = (await rooms.repositories.find(stage.repository.id))!;
    const cancelled = await rooms.training.actions.cancel(repository, run, by);
    expect(cancelled).toMatchObject({
      state: 'cancelled',
      stateReason: 'Cancelled by wendy.',
      cancelRequested: true,
    });
    await until('the cancellation at Databricks', async () => {
      const { body } = await stage.admin.get(`/api/2.2/jobs/runs/get?run_id=${run.databricksRunId}`);
      return body.state.result_state === 'CANCELED';
    });
    await expect(rooms.training.actions.cancel(repository, cancelled, by)).rejects.toThrow('ended already');
  }, 120_000);

  test('a run that is cancelled while the answer of its submission is lost ends at Databricks, too', async () => {
    const { stage, rooms, team } = await prepared();
    const { failures } = stage.workspace;
    failures.inject('response', { message: 'lost', subject: 'POST /api/2.2/jobs/runs/submit' });
    failures.inject('request', { message: 'down', subject: 'GET /api/2.2/jobs/runs/list', times: 4 });
    const head = await team.commit('main', {
      '.gitea/databricks.yml': configuration,
      ...files({ ...good, seconds: 60 }),
    });
    await until('a failed search', async () => {
      const [run] = await rooms.stores.runs.ofCommit(stage.repository.id, head);
      const message = run?.state === 'uploading' ? await messageOf(rooms, run) : undefined;
      return message?.topic === 'submit' && message.attempts > 1;
    });
    const repository = (await rooms.repositories.find(stage.repository.id))!;
    const [run] = await rooms.stores.runs.ofCommit(stage.repository.id, head);
    const cancelled = await rooms.training.actions.cancel(repository, run!, by);
    expect(cancelled).toMatchObject({ state: 'cancelled', databricksRunId: null });
    await until('the cancellation at Databricks', async () => {
      const { body } = await stage.admin.get('/api/2.2/jobs/runs/list');
      return body.runs?.length === 1 && body.runs[0].state.result_state === 'CANCELED';
    });
  }, 120_000);

  test('a pull request that is linked while a run is judged is judged, too', async () => {
    const { stage, rooms, team } = await prepared();
    await team.commit('main', { '.gitea/databricks.yml': configuration, 'README.md': 'set up' });
    const head = await team.commit('one', files({ ...good, seconds: 2 }));
    const first = await openPull(stage, 'one');
    const running = await runOf(stage, rooms, head, 'running');
    await team.git(team.work, 'push', '--quiet', 'origin', `${head}:refs/heads/two`);
    const second = await openPull(stage, 'two');
    await until('the link', async () => (await rooms.stores.runs.findById(running.id))?.pulls.length === 2);
    await runOf(stage, rooms, head, 'succeeded');
    // Where the link came after the verdict, the second pull request is judged by itself a moment later.
    const verdicts = async () =>
      (await rooms.stores.runs.findById(running.id))?.pulls.map((pull) => [
        pull.index,
        pull.verdict?.outcome,
      ]);
    await until('both verdicts', async () =>
      (await verdicts())?.every(([, outcome]) => outcome !== undefined),
    );
    expect(await verdicts()).toEqual([
      [first, 'no-baseline'],
      [second, 'no-baseline'],
    ]);
    const stale = await rooms.stores.runs.update(running.id, running.version, { failures: 9 });
    expect(stale).toBe(false);
  }, 120_000);
});
