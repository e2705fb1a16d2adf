import type { Narrator } from './recording.ts';

/** Runs: made, named, ended, tagged, deleted, brought back, and everything that is refused on the way. */
export async function runStory({ tell, prepare, call }: Narrator): Promise<void> {
  const experiment = (await prepare('POST', 'experiments/create', { name: '/Shared/runs' })).experiment_id;
  call(experiment, 'runs');
  const create = async (step: string, fields: object) => {
    const answer = await tell(step, 'POST', 'runs/create', { experiment_id: experiment, ...fields });
    return answer.status === 200 ? call(answer.body.run.info.run_id, step) : '';
  };
  // The ids of answers are known only after them: each step that shows a run's message tells it again by `runs/get`.
  const one = await create('a run', { start_time: 1_700_000_000_000, run_name: 'one' });
  await tell('the run', 'GET', 'runs/get', { run_id: one });
  await tell('the run by its old name', 'GET', 'runs/get', { run_uuid: one });
  const bare = await create('a run without a start', { run_name: 'bare' });
  await tell('the run without a start', 'GET', 'runs/get', { run_id: bare });
  const tagged = await create('a run with tags', {
    ...{
      start_time: 5,
      run_name: 'tagged',
      tags: [
        { key: 'a', value: 'b' },
        { key: 'empty', value: '' },
      ],
    },
  });
  await tell('the run with tags', 'GET', 'runs/get', { run_id: tagged });
  const named = await create('a run named by its tag', {
    ...{ start_time: 6, tags: [{ key: 'mlflow.runName', value: 'by tag' }] },
  });
  await tell('the run named by its tag', 'GET', 'runs/get', { run_id: named });
  await create('a run with two names', {
    ...{ run_name: 'x', tags: [{ key: 'mlflow.runName', value: 'y' }], start_time: 6 },
  });
  await create('a run whose start is text', { start_time: '7', run_name: 'seven' });
  await create('a run whose start is no number', { start_time: 'noon', run_name: 'noon' });
  await create('a run in an unknown experiment', { experiment_id: '987654321', start_time: 1 });
  await create('a run in an experiment that is no number', { experiment_id: 'x', start_time: 1 });
  await create('a run whose tags are no list', { tags: 'x', start_time: 1 });
  await create('a run with a tag without a key', {
    tags: [{ value: 'x' }],
    start_time: 1,
    run_name: 'keyless',
  });

  await tell('an unknown run', 'GET', 'runs/get', { run_id: '0123456789abcdef0123456789abcdef' });
  await tell('a run id with a sign', 'GET', 'runs/get', { run_id: 'a$b' });
  await tell('no run id', 'GET', 'runs/get');

  const update = (step: string, fields: object) =>
    tell(step, 'POST', 'runs/update', { run_id: one, ...fields });
  await update('it is ended', { status: 'FINISHED', end_time: 1_700_000_005_000 });
  await update('it is renamed', { run_name: 'uno' });
  await update('its name becomes empty', { run_name: '' });
  await update('its status is a number', { status: 4 });
  await update('its status is unknown', { status: 'DONE' });
  await update('its end is text', { end_time: '1700000006000' });
  await update('nothing changes', {});
  await update('an unknown run is changed', { run_id: '0123456789abcdef0123456789abcdef', status: 'FAILED' });
  await tell('the changed run', 'GET', 'runs/get', { run_id: one });

  const setTag = (step: string, fields: object) =>
    tell(step, 'POST', 'runs/set-tag', { run_id: one, ...fields });
  await setTag('a tag', { key: 'color', value: 'red' });
  await setTag('a tag again', { key: 'color', value: 'blue' });
  await setTag('a tag without a value', { key: 'void' });
  await setTag('a tag without a key', { value: 'x' });
  await setTag('a tag with a bad key', { key: 'a,b', value: 'x' });
  await setTag('a tag key that climbs', { key: '../a', value: 'x' });
  await setTag('a tag key of 251 characters', { key: 'k'.repeat(251), value: 'x' });
  await setTag('a tag value of 8,000 characters', { key: 'long', value: 'x'.repeat(8000) });
  await setTag('a tag value of 8,001 characters', { key: 'longer', value: 'x'.repeat(8001) });
  await setTag('a tag value in unicode', { key: 'größe ☃', value: 'x' });
  await setTag('a key in unicode', { key: 'größe', value: '雪 ☃ 𝄞' });
  await setTag('a value that is a number', { key: 'number', value: 7 });
  await setTag('the name', { key: 'mlflow.runName', value: 'eins' });
  await setTag('a tag of an unknown run', {
    run_id: '0123456789abcdef0123456789abcdef',
    key: 'a',
    value: 'b',
  });
  await tell('the tags', 'GET', 'runs/get', { run_id: one });
  const deleteTag = (step: string, fields: object) =>
    tell(step, 'POST', 'runs/delete-tag', { run_id: one, ...fields });
  await deleteTag('a tag is removed', { key: 'color' });
  await deleteTag('a tag is removed again', { key: 'color' });
  await deleteTag('no tag is removed', {});

  await tell('it is deleted', 'POST', 'runs/delete', { run_id: one });
  await tell('a deleted run', 'GET', 'runs/get', { run_id: one });
  await tell('a deleted run is deleted', 'POST', 'runs/delete', { run_id: one });
  await update('a deleted run is changed', { status: 'FAILED' });
  await setTag('a deleted run is tagged', { key: 'a', value: 'b' });
  await deleteTag('a tag of a deleted run is removed', { key: 'void' });
  await tell('a deleted run logs a metric', 'POST', 'runs/log-metric', {
    ...{ run_id: one, key: 'a', value: 1, timestamp: 1 },
  });
  await tell('a deleted run logs a param', 'POST', 'runs/log-parameter', {
    run_id: one,
    key: 'a',
    value: '1',
  });
  await tell('a deleted run logs a batch', 'POST', 'runs/log-batch', {
    ...{ run_id: one, params: [{ key: 'a', value: '1' }] },
  });
  await tell('an unknown run is deleted', 'POST', 'runs/delete', {
    run_id: '0123456789abcdef0123456789abcdef',
  });
  await tell('it is brought back', 'POST', 'runs/restore', { run_id: one });
  await tell('it is brought back again', 'POST', 'runs/restore', { run_id: one });
  await tell('an unknown run is brought back', 'POST', 'runs/restore', {
    run_id: '0123456789abcdef0123456789abcdef',
  });
  await tell('after that', 'GET', 'runs/get', { run_id: one });
}
