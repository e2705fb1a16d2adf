import { describe, expect, test } from 'vitest';
import type { Call } from '../../../src/server/databricks/caller.ts';
import { DatabricksError } from '../../../src/server/databricks/error.ts';
import { createRunReads } from '../../../src/server/databricks/run-reads.ts';
import { WorkspaceHttp } from '../../../src/server/databricks/workspace-http.ts';
import { systemClock } from '../../../src/server/duty/clock.ts';
import { underLease } from '../../../src/server/duty/lease.ts';
import type { CallAs, TrainingWorkspace } from '../../../src/server/training/workspace-port.ts';
import { ended, startWorkspace, upload } from '../../emulator/databricks/support.ts';

const as = (workspace: string, trainer: string) =>
  ({
    role: 'trainer',
    repository: { workspace: { name: workspace }, binding: { principals: { trainer } } },
  }) as CallAs;
const trainer = as('main', 't');

/** A read of many, as the rounds of a watcher ask for it. */
const together = (reads: Pick<TrainingWorkspace, 'run'>, ids: readonly string[], who = trainer) =>
  Promise.all(ids.map((id) => reads.run(who, id)));

describe('reads of many runs in a real workspace', () => {
  async function workspaceWithRuns() {
    const { workspace, admin } = await startWorkspace({ faultControl: true });
    const http = new WorkspaceHttp({ host: workspace.host, userAgent: 'gitea-databricks/0' });
    const requests: string[] = [];
    const call: Call = (_as, method, where, options) => {
      requests.push(where.split('/').at(-1) ?? '');
      return http.json(workspace.adminToken, method, where, options);
    };
    await upload(admin, '/Workspace/Shared/app/main.py', 'import time\ntime.sleep(60)\n');
    const start = async (name: string, tasks = 1): Promise<string> => {
      const { body } = await admin.post('/api/2.2/jobs/runs/submit', {
        run_name: name,
        tasks: Array.from({ length: tasks }, (_, index) => ({
          task_key: `task-${index}`,
          ...(index > 0 && { depends_on: [{ task_key: 'task-0' }] }),
          spark_python_task: { python_file: '/Workspace/Shared/app/main.py' },
        })),
      });
      return String(body.run_id);
    };
    const cancel = async (id: string) => {
      await admin.post('/api/2.2/jobs/runs/cancel', { run_id: Number(id) });
      await ended(admin, Number(id));
    };
    return { reads: createRunReads(call, systemClock), requests, start, cancel };
  }

  test('are one request while the runs are under way, and tell just what single reads tell', async () => {
    const { reads, requests, start, cancel } = await workspaceWithRuns();
    const ids = [];
    for (let index = 0; index < 5; index += 1) ids.push(await start(`run ${index}`));
    const all = await together(reads, ids);
    expect(requests).toEqual(['list']);
    expect(all.map((run) => run?.id)).toEqual(ids);
    for (const run of all) expect(run).toMatchObject({ tasks: [{ key: 'task-0' }], result: null });
    const lasting = (run: (typeof all)[number]) => ({
      ...run,
      phase: undefined,
      tasks: run?.tasks.map(({ runId, key }) => ({ runId, key })),
    });
    for (const [index, id] of ids.entries()) {
      const single = await reads.run(trainer, id);
      expect(lasting(single)).toEqual(lasting(all[index] ?? null));
    }
    for (const id of ids) await cancel(id);
  });

  test('read what has ended, is of many tasks or was never there by itself and in full', async () => {
    const { reads, requests, start, cancel } = await workspaceWithRuns();
    const over = await start('over');
    await cancel(over);
    const large = await start('large', 101);
    const small = await start('small');
    const another = await start('another');
    const [first, second, third, fourth, none] = await together(reads, [
      over,
      large,
      small,
      another,
      '999999',
    ]);
    expect(requests.toSorted()).toEqual(['get', 'get', 'get', 'get', 'list'].toSorted());
    expect(first).toMatchObject({ phase: 'ended', result: 'cancelled' });
    expect(second?.tasks).toHaveLength(101);
    expect([third?.id, fourth?.id, none]).toEqual([small, another, null]);
    for (const id of [large, small, another]) await cancel(id);
  });
});

describe('reads of runs', () => {
  /** A workspace of numbered active runs, newest first, in pages of 24, as one function. */
  function listing(
    active: readonly number[],
    options: { list?: () => Error; get?: (id: number) => Error | null } = {},
  ) {
    const requests: string[] = [];
    const item = (id: number) => ({ run_id: id, status: { state: 'RUNNING' }, tasks: [] });
    const call = (async (
      _as: CallAs,
      _method: string,
      path: string,
      given: { query: Record<string, unknown> },
    ) => {
      const { query } = given;
      if (path.endsWith('/get')) {
        requests.push(`get ${query.run_id}`);
        const fault = options.get?.(Number(query.run_id));
        if (fault) throw fault;
        return item(Number(query.run_id));
      }
      requests.push('list');
      expect(query).toMatchObject({ active_only: true, expand_tasks: true, limit: 24 });
      const fault = options.list?.();
      if (fault) throw fault;
      const from = Number(query.page_token ?? 0);
      const more = from + 24 < active.length;
      return {
        runs: active.slice(from, from + 24).map(item),
        ...(more && { next_page_token: String(from + 24) }),
      };
    }) as unknown as Call;
    return { reads: createRunReads(call, systemClock), requests };
  }

  const upTo = (count: number) => Array.from({ length: count }, (_, index) => count - index);

  test('of a hundred runs are five requests', async () => {
    const { reads, requests } = listing(upTo(100));
    await together(reads, upTo(100).map(String));
    expect(requests).toEqual(Array(5).fill('list'));
  });

  test('look through no more pages than that, and read the last one that is missing by itself', async () => {
    const crowded = listing(upTo(1_000));
    await together(crowded.reads, ['1', '2', '1000']);
    expect(crowded.requests).toEqual([...Array(5).fill('list'), 'get 1', 'get 2']);
    const { reads, requests } = listing(upTo(1_000));
    await together(reads, ['1', '1000']);
    expect(requests).toEqual(['list', 'get 1']);
  });

  test('of one run, asked for by many at once, are one request', async () => {
    const { reads, requests } = listing([7]);
    const all = await together(reads, Array(50).fill('7'));
    expect(requests).toEqual(['get 7']);
    expect(new Set(all.map((run) => run?.id))).toEqual(new Set(['7']));
  });

  test('of other principals, workspaces and duties are not mixed', async () => {
    const { reads, requests } = listing([1, 2, 3, 4]);
    const lease = { name: 'workspace:main', holder: 'a', token: 1, stillHeld: () => true };
    await Promise.all([
      reads.run(trainer, '1'),
      reads.run(as('main', 'other'), '2'),
      reads.run(as('elsewhere', 't'), '3'),
      underLease(lease, () => reads.run(trainer, '4')),
    ]);
    expect(requests.toSorted()).toEqual(['get 1', 'get 2', 'get 3', 'get 4']);
  });

  test('by a principal that may not list are made one by one', async () => {
    const refused = new DatabricksError({ code: 'PERMISSION_DENIED', status: 403, message: 'no' });
    const { reads, requests } = listing([1, 2], { list: () => refused });
    expect((await together(reads, ['1', '2'])).map((run) => run?.id)).toEqual(['1', '2']);
    expect(requests).toEqual(['list', 'get 1', 'get 2']);
  });

  test('fail together when the list does not come, and alone when one does not', async () => {
    const lost = new DatabricksError({ code: 'NO_CONNECTION', status: 0, message: 'gone' });
    const all = listing([1, 2], { list: () => lost });
    const failed = await Promise.allSettled(['1', '2'].map((id) => all.reads.run(trainer, id)));
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(all.requests).toEqual(['list']);
    const one = listing([1, 2], { get: (id) => (id === 3 ? lost : null) });
    const some = await Promise.allSettled(['1', '2', '3', '4'].map((id) => one.reads.run(trainer, id)));
    expect(some.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  });
});
