import { setTimeout as sleep } from 'node:timers/promises';
import type { Narrator } from './recording.ts';

/**
 * The workspace registry, `/api/2.0/mlflow/{registered-models,model-versions}`: models, versions, stages, aliases, tags.
 * Unity Catalog's models are the same messages below another path, and our adapter's calls (`/api/2.1/unity-catalog`),
 * which no mlflow server answers, read the same facts.
 */
export async function registryStory({ tell, prepare, call, upload }: Narrator): Promise<void> {
  const experiment = (await prepare('POST', 'experiments/create', { name: '/Shared/registry' }))
    .experiment_id;
  const { info } = (
    await prepare('POST', 'runs/create', { experiment_id: experiment, start_time: 1, run_name: 'registers' })
  ).run;
  const run = call(info.run_id, 'registers');
  await upload({ experiment, run, path: 'model/MLmodel', text: 'flavors: {}' });

  const model = (step: string, path: string, fields: object) =>
    tell(step, 'POST', `registered-models/${path}`, fields);
  await model('a model', 'create', { name: 'wine', description: 'red', tags: [{ key: 'team', value: 'a' }] });
  await model('a model that exists', 'create', { name: 'wine' });
  await model('a model without a name', 'create', {});
  await model('a model whose name has a slash', 'create', { name: 'a/b' });
  await model('a bare model', 'create', { name: 'bare' });
  const get = (step: string, fields: object) => tell(step, 'GET', 'registered-models/get', fields);
  await get('the model', { name: 'wine' });
  await get('an unknown model', { name: 'none' });
  await get('no model', {});
  await tell('it is described', 'PATCH', 'registered-models/update', { name: 'wine', description: 'white' });
  await tell('an unknown model is described', 'PATCH', 'registered-models/update', {
    ...{ name: 'none', description: 'x' },
  });
  await model('it is tagged', 'set-tag', { name: 'wine', key: 'color', value: 'white' });
  await model('it is tagged again', 'set-tag', { name: 'wine', key: 'color', value: 'rosé' });
  await model('it is tagged without a key', 'set-tag', { name: 'wine', value: 'x' });
  await model('it is tagged with a bad key', 'set-tag', { name: 'wine', key: 'a$', value: 'x' });
  await model('an unknown model is tagged', 'set-tag', { name: 'none', key: 'a', value: 'x' });
  await tell('its tag is removed', 'DELETE', 'registered-models/delete-tag', { name: 'wine', key: 'team' });
  await tell('its tag is removed again', 'DELETE', 'registered-models/delete-tag', {
    name: 'wine',
    key: 'team',
  });
  await get('the changed model', { name: 'wine' });

  const version = async (step: string, fields: object) => {
    const answer = await tell(step, 'POST', 'model-versions/create', {
      ...{ name: 'wine', source: `${info.artifact_uri}/model`, run_id: run, ...fields },
    });
    const { name, version } = answer.body.model_version ?? {};
    for (;;) {
      if (answer.status !== 200) return answer;
      const { status } = (await prepare('GET', 'model-versions/get', { name, version })).model_version;
      if (status !== 'PENDING_REGISTRATION') return answer;
      await sleep(20);
    }
  };
  await version('a version', { description: 'first', tags: [{ key: 'a', value: 'b' }] });
  await version('another version', {});
  await version('a third version', {});
  await version('a version of an unknown model', { name: 'none' });
  await version('a version without a source', { source: undefined });
  const one = { name: 'wine', version: '1' };
  const read = (step: string, fields: object) => tell(step, 'GET', 'model-versions/get', fields);
  await read('the version', one);
  await read('an unknown version', { name: 'wine', version: '99' });
  await read('a version of an unknown model is read', { name: 'none', version: '1' });
  await read('a version that is no number', { name: 'wine', version: 'one' });
  await read('no version', { name: 'wine' });
  await tell('where its files are', 'GET', 'model-versions/get-download-uri', one);
  await tell('the version is described', 'PATCH', 'model-versions/update', { ...one, description: 'best' });
  await tell('the version is tagged', 'POST', 'model-versions/set-tag', { ...one, key: 'k', value: 'v' });
  await tell('an unknown version is tagged', 'POST', 'model-versions/set-tag', {
    ...{ name: 'wine', version: '99', key: 'k', value: 'v' },
  });
  await tell("the version's tag is removed", 'DELETE', 'model-versions/delete-tag', { ...one, key: 'k' });
  await read('the changed version', one);

  const alias = (step: string, fields: object) => model(step, 'alias', { name: 'wine', ...fields });
  await alias('an alias', { alias: 'champion', version: '1' });
  await alias('an alias moves', { alias: 'champion', version: '2' });
  await alias('a second alias', { alias: 'candidate', version: '3' });
  await alias('an alias to an unknown version', { alias: 'champion', version: '99' });
  await alias('an alias that is called latest', { alias: 'latest', version: '1' });
  await alias('an alias that looks like a version', { alias: 'v1', version: '1' });
  await alias('an alias with a bad name', { alias: 'a b', version: '1' });
  await alias('an alias without a name', { version: '1' });
  await alias('an alias of an unknown model', { name: 'none', alias: 'champion', version: '1' });
  const byAlias = (step: string, fields: object) => tell(step, 'GET', 'registered-models/alias', fields);
  await byAlias('the version of an alias', { name: 'wine', alias: 'champion' });
  await byAlias('an unknown alias', { name: 'wine', alias: 'none' });
  await byAlias('an alias of an unknown model is read', { name: 'none', alias: 'champion' });
  await get('a model with aliases', { name: 'wine' });
  await tell('an alias is removed', 'DELETE', 'registered-models/alias', {
    name: 'wine',
    alias: 'candidate',
  });
  await tell('an alias is removed again', 'DELETE', 'registered-models/alias', {
    name: 'wine',
    alias: 'candidate',
  });

  const stage = (step: string, fields: object) =>
    tell(step, 'POST', 'model-versions/transition-stage', {
      ...{ ...one, archive_existing_versions: false, ...fields },
    });
  await stage('to staging', { stage: 'Staging' });
  await stage('to production in small letters', { stage: 'production' });
  await stage('another one to production, the first is archived', {
    ...{ version: '2', stage: 'Production', archive_existing_versions: true },
  });
  await stage('to a stage that is unknown', { stage: 'Moon' });
  await stage('without a stage', { stage: undefined });
  await tell('the latest versions', 'POST', 'registered-models/get-latest-versions', { name: 'wine' });
  await tell('the latest in production', 'POST', 'registered-models/get-latest-versions', {
    ...{ name: 'wine', stages: ['Production'] },
  });
  await stage('out of production', { version: '2', stage: 'None' });

  const versions = (step: string, fields: object) =>
    tell(`versions: ${step}`, 'GET', 'model-versions/search', { max_results: 100, ...fields });
  const order_by = ['version_number ASC'];
  await versions('of a model', { filter: "name = 'wine'", order_by });
  await versions('the newest first', { filter: "name='wine'", order_by: ['version_number DESC'] });
  await versions('of a run', { filter: `run_id = '${run}'`, order_by });
  await versions('of an unknown model', { filter: "name = 'none'" });
  await versions('by tag', { filter: "tags.a = 'b'", order_by });
  await versions('by a pattern', { filter: "name LIKE 'w%'", order_by });
  await versions('half a filter', { filter: 'name =' });
  await versions('an unknown attribute', { filter: "color = 'red'" });
  await versions('a bad order', { filter: "name = 'wine'", order_by: ['color'] });
  await versions('a bad token', { page_token: 'nonsense' });
  const page = await versions('the first page', { filter: "name = 'wine'", order_by, max_results: 2 });
  await versions('the second page', {
    ...{ filter: "name = 'wine'", order_by, max_results: 2, page_token: page.body.next_page_token },
  });
  const models = (step: string, fields: object) =>
    tell(`models: ${step}`, 'GET', 'registered-models/search', { max_results: 100, ...fields });
  await models('all', { order_by: ['name ASC'] });
  await models('by name', { filter: "name = 'wine'" });
  await models('by a pattern', { filter: "name ILIKE 'B%'" });
  await models('by tag', { filter: "tags.color = 'rosé'" });
  await models('half a filter', { filter: 'name' });
  await models('a bad order', { order_by: ['color'] });

  await tell('a version is deleted', 'DELETE', 'model-versions/delete', { name: 'wine', version: '3' });
  await tell('a version is deleted again', 'DELETE', 'model-versions/delete', { name: 'wine', version: '3' });
  await version('a version after one was deleted', {});
  await model('it is renamed', 'rename', { name: 'wine', new_name: 'grape' });
  await get('the old name', { name: 'wine' });
  await get('the new name', { name: 'grape' });
  await model('it is renamed to a name that is taken', 'rename', { name: 'grape', new_name: 'bare' });
  await tell('it is deleted', 'DELETE', 'registered-models/delete', { name: 'grape' });
  await tell('it is deleted again', 'DELETE', 'registered-models/delete', { name: 'grape' });
}
