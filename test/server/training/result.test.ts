import { expect, test } from 'vitest';
import type { Run } from '../../../src/server/training/ports.ts';
import { readResult } from '../../../src/server/training/result.ts';
import type { CallAs, RemoteRun, TrainingWorkspace } from '../../../src/server/training/workspace-port.ts';

const began = Date.parse('2026-01-01T12:00:00Z');
const run = {
  id: 'own',
  repositoryId: 7,
  createdAt: '2026-01-01T11:59:00Z',
  experimentId: 'e',
  nonce: 'n',
  modelKey: 'wine',
  configuration: { metrics: { primary: 'rmse', gates: [] } },
} as unknown as Run;
const remote = { id: '1', startedAt: began, tasks: [] } as unknown as RemoteRun;
const root = (id: string, rmse: number) => ({ id, parent: null, metrics: { rmse }, parameters: {} });

/** A workspace with these MLflow runs and versions; claims by MLflow run and by version. */
async function result(
  runs: ReturnType<typeof root>[],
  versions: { version: number; mlflowRun: string; createdAt: number }[],
  claims: { mlflowRuns?: Record<string, string>; versions?: Record<number, string> } = {},
) {
  const workspace = {
    taggedRuns: async () => runs,
    versions: async () => versions.map((one) => ({ ...one, status: 'ready' as const })),
    history: async () => [],
  } as unknown as TrainingWorkspace;
  const holder = (id: string | undefined) => (id === undefined ? null : ({ id } as Run));
  return await readResult(workspace, {} as CallAs, run, remote, 'ml.prod.wine', {
    ofMlflowRun: async (_repository, id) => holder(claims.mlflowRuns?.[id]),
    ofVersion: async (_repository, _model, version) => holder(claims.versions?.[version]),
  });
}

const now = began + 5_000;

test('a run gets the version that it registered', async () => {
  const got = await result([root('a', 0.5)], [{ version: 3, mlflowRun: 'a', createdAt: now }]);
  expect(got).toMatchObject({ mlflowRunId: 'a', modelVersion: 3, metrics: { rmse: 0.5 } });
});

test('not what was frozen for another run, whichever of both is claimed', async () => {
  const both = [root('a', 0.5), root('champion', 0.01)];
  const versions = [{ version: 1, mlflowRun: 'champion', createdAt: now }];
  expect(await result(both, versions, { mlflowRuns: { champion: 'other' } })).toMatchObject({
    mlflowRunId: 'a',
    modelVersion: null,
    metrics: { rmse: 0.5 },
  });
  const alone = [root('champion', 0.01)];
  expect((await result(alone, versions, { versions: { 1: 'other' } })).modelVersion).toBeNull();
  await expect(result(alone, versions, { mlflowRuns: { champion: 'other' } })).rejects.toThrow(
    'without an MLflow run',
  );
});

test('not a version that was there before it began; what it was given itself stays its own', async () => {
  const before = [{ version: 1, mlflowRun: 'a', createdAt: began - 3600_000 }];
  expect((await result([root('a', 0.5)], before)).modelVersion).toBeNull();
  const own = [{ version: 3, mlflowRun: 'a', createdAt: now }];
  const claims = { mlflowRuns: { a: 'own' }, versions: { 3: 'own' } };
  expect((await result([root('a', 0.5)], own, claims)).modelVersion).toBe(3);
});
