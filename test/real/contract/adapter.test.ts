import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCall } from '../../../src/server/databricks/caller.ts';
import { DatabricksError } from '../../../src/server/databricks/error.ts';
import { createMlflow } from '../../../src/server/databricks/mlflow.ts';
import { WorkspaceHttp } from '../../../src/server/databricks/workspace-http.ts';
import type { BoundRepository } from '../../../src/server/permission/bound-repository.ts';
import { describeWith } from '../needs.ts';
import { pythonClients } from '../python-clients.ts';
import type { Counterpart, Counterparts } from './counterparts.ts';
import { counterpartNames, startCounterparts, uploadArtifact } from './counterparts.ts';
import type { Json } from './request.ts';
import { request } from './request.ts';

const clients = pythonClients();

describeWith(clients, 'the adapter for MLflow', () => {
  let both: Counterparts;
  beforeAll(async () => {
    both = await startCounterparts(clients.python);
  });
  afterAll(() => both?.close());

  describe.each(counterpartNames)('with the %s', (name) => {
    let counterpart: Counterpart;
    let mlflow: ReturnType<typeof createMlflow>;
    // Only the binding's and the workspace's names matter to a call.
    const repository = { binding: { id: 'wine' }, workspace: { name: 'main' } } as BoundRepository;
    const as = { repository, role: 'trainer' } as const;

    beforeAll(() => {
      counterpart = both.of(name);
      const http = new WorkspaceHttp({ host: counterpart.host, userAgent: 'contract/1.0.0' });
      mlflow = createMlflow(createCall(() => http, { accessToken: async () => counterpart.token }));
    });

    const post = async (path: string, fields: object): Promise<Json> => {
      const { status, body } = await request(counterpart, 'POST', path, fields);
      expect(status, `${path}: ${JSON.stringify(body)}`).toBe(200);
      return body;
    };
    const experimentOf = (title: string) => mlflow.ensureExperiment(as, `/${title}`);
    async function run(experiment: string, tags: Record<string, string> = {}): Promise<string> {
      const { run } = await post('runs/create', {
        experiment_id: experiment,
        start_time: Date.now(),
        tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
      });
      return run.info.run_id;
    }
    const refusal = (promise: Promise<unknown>): Promise<DatabricksError> =>
      promise.then(
        () => expect.fail('it was not refused'),
        (error) => {
          expect(error).toBeInstanceOf(DatabricksError);
          return error;
        },
      );

    test('makes an experiment once', async () => {
      const id = await experimentOf('once');
      expect(id).toMatch(/^\d+$/);
      expect(await experimentOf('once')).toBe(id);
      const [first, second] = await Promise.all([experimentOf('raced'), experimentOf('raced')]);
      expect(first).toBe(second);
    });

    test('says that an experiment was deleted instead of making another', async () => {
      const id = await experimentOf('gone');
      await post('experiments/delete', { experiment_id: id });
      expect(await refusal(experimentOf('gone'))).toMatchObject({ code: 'EXPERIMENT_DELETED', status: 409 });
      await post('experiments/restore', { experiment_id: id });
      expect(await experimentOf('gone')).toBe(id);
    });

    test('finds runs by a tag, with their parent, parameters and last metrics', async () => {
      const experiment = await experimentOf('tagged');
      const parent = await run(experiment, { nonce: 'say "\\"' });
      const child = await run(experiment, { nonce: "it's", 'mlflow.parentRunId': parent });
      await run(experiment, { nonce: "it's not" });
      const deleted = await run(experiment, { nonce: "it's" });
      await post('runs/delete', { run_id: deleted });
      await post('runs/log-batch', {
        run_id: child,
        params: [
          { key: 'depth', value: '6' },
          { key: 'größe', value: '' },
        ],
        metrics: [
          { key: 'rmse', value: 0.5, timestamp: 1, step: 0 },
          { key: 'rmse', value: 0.25, timestamp: 2, step: 1 },
          { key: 'nan', value: 'NaN', timestamp: 1, step: 0 },
          { key: 'zero', value: 0, timestamp: 1, step: 0 },
        ],
      });
      expect(await mlflow.taggedRuns(as, experiment, 'nonce', 'plain')).toEqual([]);
      expect(await mlflow.taggedRuns(as, experiment, 'nonce', 'say "\\"')).toMatchObject([{ id: parent }]);
      const unsayable = await refusal(mlflow.taggedRuns(as, experiment, 'nonce', `it's "it"`));
      expect(unsayable).toMatchObject({ code: 'INVALID_PARAMETER_VALUE', temporary: false });
      expect(await mlflow.taggedRuns(as, experiment, 'no such tag', 'x')).toEqual([]);
      const plain = await run(experiment, { 'a.b c': 'x', nonce: 'plain' });
      expect(await mlflow.taggedRuns(as, experiment, 'a.b c', 'x')).toEqual([
        { id: plain, parent: null, metrics: {}, parameters: {} },
      ]);
      expect(await mlflow.taggedRuns(as, experiment, 'nonce', "it's")).toEqual([
        {
          id: child,
          parent,
          metrics: { rmse: 0.25, nan: null, zero: 0 },
          parameters: { depth: '6', größe: '' },
        },
      ]);
    });

    test('finds more runs than one page holds', async () => {
      const experiment = await experimentOf('many');
      const left = Array.from({ length: 1005 }).values();
      const work = async () => {
        for (const _ of left) await run(experiment, { nonce: 'many' });
      };
      await Promise.all(Array.from({ length: 8 }, work));
      const found = await mlflow.taggedRuns(as, experiment, 'nonce', 'many');
      expect(new Set(found.map(({ id }) => id)).size).toBe(1005);
    });

    test('reads the history of a metric, all of its steps', async () => {
      const id = await run(await experimentOf('history'));
      const values = [1, 'NaN', 0.5, 'Infinity', '-Infinity'];
      await post('runs/log-batch', {
        run_id: id,
        metrics: values.map((value, step) => ({ key: 'val/loss', value, step, timestamp: 100 + step })),
      });
      const history = await mlflow.history(as, id, 'val/loss');
      expect(history.slice(0, 3)).toEqual([
        { step: 0, value: 1 },
        { step: 1, value: null },
        { step: 2, value: 0.5 },
      ]);
      // Both keep infinities as the largest double.
      expect(history.slice(3)).toEqual([
        { step: 3, value: Number.MAX_VALUE },
        { step: 4, value: -Number.MAX_VALUE },
      ]);
      expect(await mlflow.history(as, id, 'no such metric')).toEqual([]);
    });

    test('reads a history of more points than one page holds', async () => {
      const id = await run(await experimentOf('long history'));
      for (let from = 0; from < 26_000; from += 1000)
        await post('runs/log-batch', {
          run_id: id,
          metrics: Array.from({ length: 1000 }, (_, at) => ({
            key: 'loss',
            value: from + at,
            step: from + at,
            timestamp: from + at,
          })),
        });
      const history = await mlflow.history(as, id, 'loss');
      expect(history).toHaveLength(26_000);
      expect(history.every(({ step, value }, at) => step === at && value === at)).toBe(true);
    });

    test('lists artifacts', async () => {
      const experiment = await experimentOf('artifacts');
      const id = await run(experiment);
      expect(await mlflow.artifacts(as, id)).toEqual([]);
      await uploadArtifact(counterpart, { experiment, run: id, path: 'report.txt', text: 'ten signs.' });
      await uploadArtifact(counterpart, { experiment, run: id, path: 'model/MLmodel', text: '{}' });
      const listed = await mlflow.artifacts(as, id);
      expect(listed.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
        { path: 'model', size: null, directory: true },
        { path: 'report.txt', size: 10, directory: false },
      ]);
    });

    test('tells an unknown run and a refused question as what they are', async () => {
      const unknown = await refusal(mlflow.artifacts(as, '0123456789abcdef0123456789abcdef'));
      expect(unknown).toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST', status: 404, missing: true });
      const refused = await refusal(mlflow.taggedRuns(as, 'no number', 'a', 'b'));
      expect(refused).toMatchObject({ code: 'INVALID_PARAMETER_VALUE', status: 400, temporary: false });
    });
  });
});
