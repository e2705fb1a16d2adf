import type { Narrator } from './recording.ts';

/** `runs/search` around the grammar (which test/real/search tells): sizes, tokens, views, experiments. */
export async function searchStory({ tell, prepare, call }: Narrator): Promise<void> {
  const experiment = call(
    (await prepare('POST', 'experiments/create', { name: '/Shared/search' })).experiment_id,
    'search',
  );
  const other = call(
    (await prepare('POST', 'experiments/create', { name: '/Shared/empty' })).experiment_id,
    'empty',
  );
  for (let at = 1; at <= 5; at += 1) {
    const { run } = await prepare('POST', 'runs/create', {
      ...{ experiment_id: experiment, start_time: at, run_name: `run ${at}` },
    });
    call(run.info.run_id, `run ${at}`);
    await prepare('POST', 'runs/log-metric', {
      run_id: run.info.run_id,
      key: 'm',
      value: at % 2,
      timestamp: 1,
    });
    if (at === 5) await prepare('POST', 'runs/delete', { run_id: run.info.run_id });
  }
  const search = (step: string, fields: object) =>
    tell(`search: ${step}`, 'POST', 'runs/search', { experiment_ids: [experiment], ...fields });
  await search('all', {});
  await search('deleted ones', { run_view_type: 'DELETED_ONLY' });
  await search('all stages', { run_view_type: 'ALL' });
  await search('a view as a number', { run_view_type: 2 });
  await search('an unknown view', { run_view_type: 'SOME' });
  await search('a size', { max_results: 2 });
  await search('a size as text', { max_results: '2' });
  await search('a size of 0', { max_results: 0 });
  await search('a size of -1', { max_results: -1 });
  await search('a size of 50,000', { max_results: 50_000 });
  await search('a size of 50,001', { max_results: 50_001 });
  await search('a size that is no number', { max_results: 'many' });
  await search('no experiments', { experiment_ids: [] });
  await search('experiments left out', { experiment_ids: undefined });
  await search('an unknown experiment', { experiment_ids: ['987654321'] });
  await search('an experiment and an unknown one', { experiment_ids: [experiment, '987654321'] });
  await search('an experiment that is no number', { experiment_ids: ['x'] });
  await search('an empty experiment', { experiment_ids: [other] });
  await search('experiments that are no list', { experiment_ids: experiment });
  await search('an empty filter', { filter: '' });
  await search('a filter of spaces', { filter: '  ' });
  await search('a filter that is a number', { filter: 7 });
  await search('a bad filter', { filter: 'metrics.m >' });
  await search('a bad order', { order_by: ['metrics.m UP'] });
  await search('an order that is no list', { order_by: 'metrics.m' });
  await search('an empty order', { order_by: [''] });
  await search('a bad token', { page_token: 'nonsense' });
  await search('a token of something else', { page_token: Buffer.from('{"x":1}').toString('base64') });
  const pages = { max_results: 2, order_by: ['metrics.m ASC', 'attributes.start_time ASC'] };
  const first = await search('the first page', pages);
  await search('the second page', { ...pages, page_token: first.body.next_page_token });
}
