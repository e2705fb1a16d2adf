import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Answer, Client } from '../support.ts';
import { ended, upload } from '../support.ts';
import type { Act } from './matrix.ts';
import { expectRow } from './matrix.ts';
import { actOf, permissionActs, withLevels } from './object-levels.ts';
import type { SharedWorkspace } from './shared-workspace.ts';
import { openSharedWorkspace } from './shared-workspace.ts';

let shared: SharedWorkspace;

beforeAll(async () => {
  shared = await openSharedWorkspace();
});
afterAll(() => shared.close());

describe('a job', () => {
  const file = '/Shared/rights/main.py';
  const jobs = '/api/2.2/jobs';
  const task = { task_key: 'a', spark_python_task: { python_file: `/Workspace${file}` } };
  let principals: Record<string, Client>;
  let acts: Record<string, Act>;

  beforeAll(async () => {
    const { admin } = shared;
    await upload(admin, file, 'print("ran")\n');
    const { body: job } = await admin.post(`${jobs}/create`, {
      name: 'rights',
      tasks: [task],
      queue: { enabled: true },
      max_concurrent_runs: 10,
    });
    const id = job.job_id;
    const run = (await admin.post(`${jobs}/run-now`, { job_id: id })).body.run_id;
    await ended(admin, run);
    const path = `/api/2.0/permissions/jobs/${id}`;
    principals = await withLevels(shared, path, ['CAN_VIEW', 'CAN_MANAGE_RUN', 'CAN_MANAGE', 'IS_OWNER']);
    acts = {
      'see the job': (as) => as.get(`${jobs}/get?job_id=${id}`),
      'see a job that is not there': (as) => as.get(`${jobs}/get?job_id=12`),
      'list its runs': (as) => as.get(`${jobs}/runs/list?job_id=${id}`),
      'see a run': (as) => as.get(`${jobs}/runs/get?run_id=${run}`),
      'see a run that is not there': (as) => as.get(`${jobs}/runs/get?run_id=12`),
      'see its output': (as) => as.get(`${jobs}/runs/get-output?run_id=${run}`),
      'start it': (as) => as.post(`${jobs}/run-now`, { job_id: id }),
      'cancel a run': (as) => as.post(`${jobs}/runs/cancel`, { run_id: run }),
      'cancel all runs': (as) => as.post(`${jobs}/runs/cancel-all`, { job_id: id }),
      'repair a run': (as) =>
        as.post(`${jobs}/runs/repair`, { run_id: run, rerun_tasks: ['a'], latest_repair_id: 1 }),
      'change its settings': (as) =>
        as.post(`${jobs}/update`, { job_id: id, new_settings: { name: 'rights' } }),
      'replace its settings': (as) =>
        as.post(`${jobs}/reset`, {
          job_id: id,
          new_settings: { name: 'rights', tasks: [task], queue: { enabled: true }, max_concurrent_runs: 10 },
        }),
      'delete a job that is not there': (as) => as.post(`${jobs}/delete`, { job_id: 12 }),
      ...permissionActs(path),
      'delete it': (as) => as.post(`${jobs}/delete`, { job_id: id }),
    };
    // The repair of each column names the repair that is the latest by then.
    acts['repair a run'] = async (as) => {
      await ended(admin, run);
      const { repair_history: history = [] } = (
        await admin.get(`${jobs}/runs/get?run_id=${run}&include_history=true`)
      ).body;
      const latest = history.filter((entry: Answer) => entry.type === 'REPAIR').at(-1)?.id;
      return as.post(`${jobs}/runs/repair`, { run_id: run, rerun_tasks: ['a'], latest_repair_id: latest });
    };
  });

  test.each([
    //                                   admin view manage-run manage owner nobody
    ['see the job', '                    +    +       +       +     +     -'],
    ['see a job that is not there', '    !    -       -       -     -     -'],
    ['list its runs', '                  +    +       +       +     +     -'],
    ['see a run', '                      +    +       +       +     +     -'],
    ['see a run that is not there', '    !    !       !       !     !     !'],
    ['see its output', '                 +    +       +       +     +     -'],
    ['start it', '                       +    -       +       +     +     -'],
    ['cancel a run', '                   +    -       +       +     +     -'],
    ['cancel all runs', '                +    -       +       +     +     -'],
    ['repair a run', '                   +    -       +       +     +     -'],
    ['change its settings', '            +    -       -       +     +     -'],
    ['replace its settings', '           +    -       -       +     +     -'],
    ['see the permissions', '            +    -       -       +     +     -'],
    ['change the permissions', '         +    -       -       +     +     -'],
    ['delete a job that is not there', ' !    -       -       -     -     -'],
  ])('who may %s', async (what, row) => {
    await expectRow(principals, actOf(acts, what), row.trim());
  });

  test('is deleted by who manages it only, and is then no secret to anybody else', async () => {
    const { CAN_MANAGE_RUN: runner, CAN_MANAGE: manager, nobody } = principals as Record<string, Client>;
    await expectRow({ runner, nobody, manager } as Record<string, Client>, actOf(acts, 'delete it'), '- - +');
    await expectRow(
      { runner, manager, nobody } as Record<string, Client>,
      actOf(acts, 'see the job'),
      '- - -',
    );
  });

  test('cannot be owned by a group', async () => {
    const { body: job } = await shared.admin.post(`${jobs}/create`, { name: 'owned', tasks: [task] });
    const entry = { group_name: 'users', permission_level: 'IS_OWNER' };
    await expectRow(
      { admin: shared.admin },
      (as) => as.send('PATCH', `/api/2.0/permissions/jobs/${job.job_id}`, { access_control_list: [entry] }),
      '!',
    );
  });
});
