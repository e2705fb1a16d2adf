import type { Narrator } from './recording.ts';

const point = (key: string, value: unknown, step = 0, timestamp = 1000) => ({ key, value, step, timestamp });

/** What runs log: metrics, params, batches, and histories over pages. */
export async function loggingStory({ tell, prepare, call }: Narrator): Promise<void> {
  const { experiment_id } = await prepare('POST', 'experiments/create', { name: '/Shared/logging' });
  call(experiment_id, 'logging');
  const newRun = async (name: string): Promise<string> => {
    const { run } = await prepare('POST', 'runs/create', { experiment_id, start_time: 1, run_name: name });
    return call(run.info.run_id, name);
  };
  const run_id = await newRun('log');
  const metric = (step: string, fields: object) =>
    tell(step, 'POST', 'runs/log-metric', { run_id, ...fields });
  const malformed = { run_id: await newRun('malformed') };
  await metric('a metric', point('rmse', 0.5));
  await metric('a metric again', point('rmse', 0.5));
  await metric('a metric of a later step', point('rmse', 0.4, 2));
  await metric('a metric of an earlier step', point('rmse', 0.45, 1, 9000));
  await metric('a metric of the same step, later', point('rmse', 0.3, 2, 2000));
  await metric('a metric of the same step and time, smaller', point('rmse', 0.1, 2, 2000));
  await metric('a negative step', point('negative', 3, -5));
  await metric('NaN', point('nan', 'NaN'));
  await metric('infinity', point('infinite', 'Infinity'));
  await metric('minus infinity', point('minus infinite', '-Infinity'));
  await metric('a value that is text', point('text', '0.25'));
  await metric('a value that is no number', point('words', 'much'));
  await metric('a value that is true', { ...point('true', true), ...malformed });
  await metric('no value', { key: 'none', timestamp: 1 });
  await metric('a value that is null', point('null', null));
  await metric('no key', { value: 1, timestamp: 1 });
  await metric('no time', { key: 'timeless', value: 1 });
  await metric('a time that is text', { key: 'text time', value: 1, timestamp: '12' });
  await metric('a time that is no number', { key: 'noon', value: 1, timestamp: 'noon' });
  await metric('a negative time', point('before', 1, 0, -1));
  await metric('no step', { key: 'stepless', value: 1, timestamp: 1 });
  await metric('a step that is a fraction', { ...point('fraction', 1), step: 1.5, ...malformed });
  await metric('a bad key', point('a*b', 1));
  await metric('a key that climbs', point('a/../b', 1));
  await metric('a key with a slash at its start', point('/a', 1));
  await metric('a key with all that is allowed', point('a/b_c.d-e f:g', 1));
  await metric('a key of 250 characters', point('k'.repeat(250), 1));
  await metric('a key of 251 characters', point('k'.repeat(251), 1));
  await metric('an unknown run', { ...point('a', 1), run_id: '0123456789abcdef0123456789abcdef' });
  await metric('no run', { ...point('a', 1), run_id: undefined });
  await tell('the metrics', 'GET', 'runs/get', { run_id });

  const param = (step: string, fields: object) =>
    tell(step, 'POST', 'runs/log-parameter', { run_id, ...fields });
  await param('a param', { key: 'depth', value: '6' });
  await param('a param again', { key: 'depth', value: '6' });
  await param('a param with another value', { key: 'depth', value: '7' });
  await param('a param without a value', { key: 'empty' });
  await param('a param without a key', { value: '1' });
  await param('a param of 6,000 characters', { key: 'long', value: 'x'.repeat(6000) });
  await param('a param of 6,001 characters', { key: 'longer', value: 'x'.repeat(6001) });
  await param('a param that is a number', { key: 'number', value: 6 });
  await param('a param in unicode', { key: 'tiefe ä', value: '深さ 𝄞' });
  await param('a param with a bad key', { key: 'a=b', value: '1' });
  await param('a param of an unknown run', {
    run_id: '0123456789abcdef0123456789abcdef',
    key: 'a',
    value: '1',
  });

  const batchRun = await newRun('batch');
  const batch = (step: string, fields: object) =>
    tell(step, 'POST', 'runs/log-batch', { run_id: batchRun, ...fields });
  await batch('a batch', {
    metrics: [point('a', 1), point('a', 2, 1), point('b', 'NaN')],
    params: [{ key: 'p', value: '1' }],
    tags: [
      { key: 't', value: 'x' },
      { key: 'mlflow.runName', value: 'batched' },
    ],
  });
  await tell('what the batch left', 'GET', 'runs/get', { run_id: batchRun });
  await batch('the batch again', {
    metrics: [point('a', 1), point('a', 2, 1)],
    params: [{ key: 'p', value: '1' }],
    tags: [{ key: 't', value: 'y' }],
  });
  await batch('an empty batch', {});
  const many = (count: number) => Array.from({ length: count }, (_, at) => at);
  const keyed = (count: number) => many(count).map((at) => ({ key: `k${at}`, value: 'v' }));
  await batch('1,001 metrics', { metrics: many(1001).map((at) => point('m', at, at)) });
  await batch('101 params', { params: keyed(101) });
  await batch('101 tags', { tags: keyed(101) });
  await batch('1,001 things', { metrics: many(901).map((at) => point('m', at, at)), params: keyed(100) });
  await batch('two values of one param', {
    params: [
      { key: 'q', value: '1' },
      { key: 'q', value: '2' },
    ],
  });
  await batch('one param twice', {
    params: [
      { key: 'q', value: '1' },
      { key: 'q', value: '1' },
    ],
  });
  await batch('one tag twice', {
    tags: [
      { key: 'twice', value: '1' },
      { key: 'twice', value: '2' },
    ],
  });
  await batch('a changed param', { params: [{ key: 'p', value: '2' }] });
  await batch('a metric without a time', { metrics: [{ key: 'a', value: 1 }] });
  await batch('a metric without a value', { metrics: [{ key: 'a', timestamp: 1 }] });
  await batch('a metric without a key', { metrics: [{ value: 1, timestamp: 1 }] });
  await batch('a param without a key in a batch', { params: [{ value: '1' }] });
  await batch('a bad metric key in a batch', { metrics: [point('ok', 1), point('a|b', 1)] });
  await batch('a bad tag key in a batch', { tags: [{ key: 'a|b', value: '1' }] });
  await batch('a long tag in a batch', { tags: [{ key: 'a', value: 'x'.repeat(8001) }] });
  await batch('metrics that are no list', { metrics: 'x' });
  await batch('a batch of an unknown run', { run_id: '0123456789abcdef0123456789abcdef', tags: keyed(1) });
  await batch('a batch without a run', { run_id: undefined, tags: keyed(1) });
  await tell('what the refused batches left', 'GET', 'runs/get', { run_id: batchRun });

  const history = (step: string, fields: object) =>
    tell(`history: ${step}`, 'GET', 'metrics/get-history', { run_id, metric_key: 'rmse', ...fields });
  await history('all points', {});
  await history('NaN', { metric_key: 'nan' });
  await history('infinity', { metric_key: 'infinite' });
  await history('a negative step', { metric_key: 'negative' });
  await history('an unknown metric', { metric_key: 'none such' });
  await history('no metric', { metric_key: undefined });
  await history('an unknown run', { run_id: '0123456789abcdef0123456789abcdef' });
  await history('a size of 0', { max_results: 0 });
  await history('a size of -1', { max_results: -1 });
  await history('a bad token', { max_results: 2, page_token: 'nonsense' });
  let token: string | undefined;
  for (let page = 1; page === 1 || token; page += 1) {
    const answer = await history(`page ${page}`, { max_results: 2, page_token: token });
    token = answer.body.next_page_token;
  }

  const steps = await newRun('steps');
  for (let from = 0; from < 2500; from += 1000)
    await prepare('POST', 'runs/log-batch', {
      run_id: steps,
      metrics: many(Math.min(1000, 2500 - from)).map((at) =>
        point('loss', 1 / (from + at + 1), from + at, from + at),
      ),
    });
  const long = { run_id: steps, metric_key: 'loss', max_results: 1500 };
  const first = await history('1,500 of 2,500 points', long);
  await history('the other 1,000', { ...long, page_token: first.body.next_page_token });

  const sampled = (step: string, fields: object) =>
    tell(`sampled: ${step}`, 'GET', 'metrics/get-history-bulk-interval', {
      run_ids: [run_id],
      metric_key: 'rmse',
      ...fields,
    });
  await sampled('all points', {});
  await sampled('a range', { start_step: 1, end_step: 2 });
  await sampled('half a range', { start_step: 1 });
  await sampled('a range that is turned round', { start_step: 2, end_step: 1 });
  await sampled('no runs', { run_ids: [] });
  await sampled('101 runs', { run_ids: many(101).map(String) });
  await sampled('an unknown run', { run_ids: ['0123456789abcdef0123456789abcdef'] });
  await sampled('two runs', { run_ids: [run_id, batchRun], metric_key: 'a' });

  await tell('a data set is logged', 'POST', 'runs/log-inputs', {
    run_id,
    datasets: [
      {
        tags: [{ key: 'mlflow.data.context', value: 'training' }],
        dataset: { name: 'wine', digest: 'd1', source_type: 'local', source: '{}' },
      },
    ],
  });
  await tell('a data set without a name', 'POST', 'runs/log-inputs', {
    ...malformed,
    datasets: [{ dataset: { digest: 'd1', source_type: 'local', source: '{}' } }],
  });
  await tell('a run with a data set', 'GET', 'runs/get', { run_id });
}
