import type { Narrator } from './recording.ts';

/** Experiments: made, found, renamed, tagged, deleted, brought back, and everything that is refused on the way. */
export async function experimentStory({ tell, prepare, call }: Narrator): Promise<void> {
  const create = 'experiments/create';
  const made = await tell('an experiment is made with tags', 'POST', create, {
    name: '/Shared/first',
    tags: [{ key: 'team', value: 'wine' }],
  });
  const id = call(made.body.experiment_id, 'first');
  await tell('its id', 'GET', 'experiments/get', { experiment_id: id });
  await tell('its name', 'GET', 'experiments/get-by-name', { experiment_name: '/Shared/first' });
  await tell('a name that is taken', 'POST', create, { name: '/Shared/first' });
  await tell('no name', 'POST', create, {});
  await tell('an empty name', 'POST', create, { name: '' });
  await tell('a name of 501 characters', 'POST', create, { name: `/Shared/${'n'.repeat(493)}` });
  call((await prepare('POST', create, { name: '/Shared/other' })).experiment_id, 'other');
  await tell('a name that is a number', 'POST', create, { name: 7 });
  await tell('tags that are no list', 'POST', create, { name: '/Shared/tagless', tags: 'x' });
  await tell('a tag without a key', 'POST', create, { name: '/Shared/keyless', tags: [{ value: 'x' }] });
  await tell('a tag value of 20,001 characters', 'POST', create, {
    name: '/Shared/verbose',
    tags: [{ key: 'long', value: 'x'.repeat(20_001) }],
  });
  await tell('a body that is no JSON', 'POST', create, '{');
  await tell('a body that is a list', 'POST', create, '[]');

  await tell('an id that is unknown', 'GET', 'experiments/get', { experiment_id: '987654321' });
  await tell('an id that is no number', 'GET', 'experiments/get', { experiment_id: 'first' });
  await tell('no id', 'GET', 'experiments/get');
  await tell('a name that is unknown', 'GET', 'experiments/get-by-name', { experiment_name: '/Shared/none' });
  await tell('no name to find', 'GET', 'experiments/get-by-name');

  await tell('a tag is set', 'POST', 'experiments/set-experiment-tag', {
    ...{ experiment_id: id, key: 'stage', value: 'try' },
  });
  await tell('a tag is set to another value', 'POST', 'experiments/set-experiment-tag', {
    ...{ experiment_id: id, key: 'stage', value: 'real' },
  });
  await tell('a tag is set without a value', 'POST', 'experiments/set-experiment-tag', {
    ...{ experiment_id: id, key: 'empty' },
  });
  await tell('a tag is set without a key', 'POST', 'experiments/set-experiment-tag', {
    ...{ experiment_id: id, value: 'x' },
  });
  await tell('a tag with a bad key is set', 'POST', 'experiments/set-experiment-tag', {
    ...{ experiment_id: id, key: 'a$b', value: 'x' },
  });
  await tell('a tag is set on an unknown experiment', 'POST', 'experiments/set-experiment-tag', {
    ...{ experiment_id: '987654321', key: 'a', value: 'x' },
  });
  await tell('the tags', 'GET', 'experiments/get', { experiment_id: id });
  await tell('a tag is removed', 'POST', 'experiments/delete-experiment-tag', {
    ...{ experiment_id: id, key: 'stage' },
  });
  await tell('a tag is removed again', 'POST', 'experiments/delete-experiment-tag', {
    ...{ experiment_id: id, key: 'stage' },
  });

  await tell('it is renamed', 'POST', 'experiments/update', {
    experiment_id: id,
    new_name: '/Shared/renamed',
  });
  await tell('it is renamed to a name that is taken', 'POST', 'experiments/update', {
    ...{ experiment_id: id, new_name: '/Shared/other' },
  });
  await tell('it is renamed to nothing', 'POST', 'experiments/update', { experiment_id: id });
  await tell('the new name', 'GET', 'experiments/get', { experiment_id: id });
  await tell('the old name', 'GET', 'experiments/get-by-name', { experiment_name: '/Shared/first' });

  const { run } = await prepare('POST', 'runs/create', {
    experiment_id: id,
    run_name: 'inside',
    start_time: 1,
  });
  const runId = call(run.info.run_id, 'inside');
  call(run.info.run_uuid, 'inside');
  await tell('it is deleted', 'POST', 'experiments/delete', { experiment_id: id });
  await tell('a deleted experiment', 'GET', 'experiments/get', { experiment_id: id });
  await tell('a deleted experiment by its name', 'GET', 'experiments/get-by-name', {
    experiment_name: '/Shared/renamed',
  });
  await tell('a run of a deleted experiment', 'GET', 'runs/get', { run_id: runId });
  await tell('a deleted experiment is deleted', 'POST', 'experiments/delete', { experiment_id: id });
  await tell('a deleted experiment is renamed', 'POST', 'experiments/update', {
    ...{ experiment_id: id, new_name: '/Shared/ghost' },
  });
  await tell('a deleted experiment is tagged', 'POST', 'experiments/set-experiment-tag', {
    ...{ experiment_id: id, key: 'a', value: 'b' },
  });
  await tell('a tag of a deleted experiment is removed', 'POST', 'experiments/delete-experiment-tag', {
    ...{ experiment_id: id, key: 'team' },
  });
  await tell('a run in a deleted experiment', 'POST', 'runs/create', { experiment_id: id, start_time: 1 });
  await tell('the name of a deleted experiment is used again', 'POST', create, { name: '/Shared/renamed' });
  await tell('it is brought back', 'POST', 'experiments/restore', { experiment_id: id });
  await tell('it is brought back again', 'POST', 'experiments/restore', { experiment_id: id });
  await tell('after that', 'GET', 'experiments/get', { experiment_id: id });
  await tell('a run of an experiment that came back', 'GET', 'runs/get', { run_id: runId });
  await tell('an unknown experiment is deleted', 'POST', 'experiments/delete', {
    experiment_id: '987654321',
  });
  await tell('an unknown experiment is brought back', 'POST', 'experiments/restore', {
    experiment_id: '987654321',
  });
  await tell('an unknown experiment is renamed', 'POST', 'experiments/update', {
    ...{ experiment_id: '987654321', new_name: '/Shared/x' },
  });

  for (const name of ['s-ant', 's-bee', 's-cat', 's-Dog'])
    call(
      (await prepare('POST', create, { name: `/Shared/${name}`, tags: [{ key: 'legs', value: name }] }))
        .experiment_id,
      name,
    );
  const search = (step: string, fields: object) =>
    tell(`search: ${step}`, 'POST', 'experiments/search', { max_results: 100, ...fields });
  const order_by = ['name ASC'];
  await search('by a pattern', { filter: "name LIKE '/Shared/s-%'", order_by });
  await search('by a pattern without case', { filter: "name ILIKE '/shared/S-D%'", order_by });
  await search('by name', { filter: "name = '/Shared/s-ant'" });
  await search('by attribute and tag', { filter: "attribute.name LIKE '%s-%' AND tags.legs = 's-bee'" });
  await search('by a tag that is not equal', { filter: "tags.legs != 's-bee'", order_by });
  await search('by a tag that is missing', {
    filter: "name LIKE '/Shared/s%' AND tags.legs IS NULL",
    order_by,
  });
  await search('in descending order', { filter: "tags.legs LIKE 's%'", order_by: ['name DESC'] });
  await search('in the order of time', {
    filter: "tags.legs LIKE 's%'",
    order_by: ['creation_time ASC', 'name ASC'],
  });
  await search('by time', { filter: "creation_time > 0 AND tags.legs = 's-cat'" });
  await search('deleted ones', { view_type: 'DELETED_ONLY', filter: "name LIKE '/Shared/%'" });
  await search('no size', { filter: "name = '/Shared/s-ant'", max_results: undefined });
  await search('a size of 0', { max_results: 0 });
  await search('a size of -1', { max_results: -1 });
  await search('a size of 50,001', { max_results: 50_001 });
  await search('an unknown attribute', { filter: "color = 'red'" });
  await search('half a filter', { filter: 'name =' });
  await search('no filter at all', { filter: 'what is this' });
  await search('OR', { filter: "name = 'a' OR name = 'b'" });
  await search('a number for a name', { filter: 'name = 7' });
  await search('a bad order', { order_by: ['color'] });
  await search('a bad direction', { order_by: ['name UP'] });
  await search('a bad page token', { page_token: 'nonsense' });
  const pages = { filter: "tags.legs LIKE 's-%'", order_by, max_results: 3 };
  const first = await search('the first page', pages);
  await search('the last page', { ...pages, page_token: first.body.next_page_token });
}
