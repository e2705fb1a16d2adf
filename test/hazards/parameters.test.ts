/** Hazard 23: what somebody gives as a parameter arrives at the script as it is; nothing on the way evaluates it. */
import { expect, test } from 'vitest';
import {
  configuration,
  files,
  openStage,
  runOf,
  startRooms,
  until,
  wendy,
} from '../server/training/stage.ts';

const hostile = {
  template: `{{job.run_id}} {{job.parameters.nonce}} \${HOME} #{1+1} <%= 1 %>`,
  shell: '$(id) `id` ; rm -rf / && echo "a" \'b\' | cat > /tmp/x *',
  lines: 'first\nsecond\r\n\tthird \\n \\u0041',
  unicode: 'é \u202e 𝕏 \u0301',
  flag: '--depth=20 -c import os',
  json: '{"a": [1, "\\"", null]}',
};

test('text parameters reach the run byte for byte', async () => {
  const stage = await openStage();
  const rooms = await startRooms(stage);
  const declared = Object.keys(hostile)
    .map((name) => `${name}: {type: string, default: a}`)
    .join(', ');
  const yaml = configuration.replace('parameters: {', `parameters: {${declared}, `);
  const plan = { metrics: { rmse: [0.9, 0.8], accuracy: [0.7, 0.8] } };
  const commit = await stage.team.commit('main', { '.gitea/databricks.yml': yaml, ...files(plan) });
  const repository = await until('the binding', async () => {
    await rooms.repositories.discover();
    return await rooms.repositories.find(stage.repository.id);
  });
  const by = { user: wendy, requestId: 'test' };
  await rooms.training.actions.train(repository, { branch: 'main', parameters: hostile }, by);
  const run = await runOf(stage, rooms, commit, 'succeeded');
  expect(run.loggedParameters).toMatchObject(hostile);
}, 120_000);
