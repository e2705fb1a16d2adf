/**
 * What a backend could answer about ml/wine: one story (v12 in production, v13 trained for the pull request 1) in
 * the contract's shapes. `answering-backend.ts` checks each answer against its schema when it is sent. Longer than
 * most modules, since it is data.
 */
import type { TSchema } from 'typebox';
import { AuditList } from '../../src/contract/audit.ts';
import { MetricHistory } from '../../src/contract/metric.ts';
import { ParkedList } from '../../src/contract/outbox.ts';
import { PullView } from '../../src/contract/pull.ts';
import { ModelList, Release, ReleaseList, ReleasePlan } from '../../src/contract/release.ts';
import { RepositoryView } from '../../src/contract/repository.ts';
import { RunDetail, RunList, TaskOutput } from '../../src/contract/run.ts';
import { Session } from '../../src/contract/session.ts';
import { parkedList } from '../panel/fixtures/parked-messages.ts';
import { failing, head, pullView, run, tasks } from '../panel/fixtures/pull-view.ts';
import { repositoryView } from '../panel/fixtures/repository-view.ts';

/** An answer by its place below `api/v1/`, with the schema that it follows. */
export interface Answer {
  schema: TSchema;
  body: unknown;
}
export type Answers = Record<string, Answer>;

const allowed = { allowed: true } as const;
const refused = { allowed: false, code: 'permission-missing', reason: 'Only who may merge may do this.' };
const ada = { id: 1, name: 'ada', fullName: 'Ada Lindqvist', avatarUrl: '' };
const wendy = { id: 2, name: 'wendy', fullName: 'Wendy Okafor', avatarUrl: '' };
const day = (number: number) => `2026-11-${String(number).padStart(2, '0')}T10:00:00Z`;
const digest = 'a'.repeat(64);

const production = { ...repositoryView.production!, by: ada };

const version = (number: number, more: object) => ({
  version: number,
  status: 'ready',
  createdAt: day(number),
  aliases: [],
  run: `0mf0000000000000000${number}`,
  runNumber: number + 30,
  commit: head,
  branch: 'fewer-trees',
  pull: 1,
  outcome: 'pass',
  metrics: { log_loss: 0.3 - number / 200, accuracy: 0.85 + number / 200 },
  traffic: null,
  released: [],
  rollback: refused,
  promote: refused,
  ...more,
});

const release = (id: string, more: object) => ({
  id,
  kind: 'promotion',
  model: 'wine',
  fromVersion: 11,
  toVersion: 12,
  state: 'succeeded',
  actor: ada,
  reason: null,
  pull: 1,
  commit: head,
  approvals: ['wendy'],
  steps: [
    { name: 'traffic', state: 'done', from: 'v11 100 %', to: 'v12 100 %', detail: null, endedAt: day(20) },
    {
      name: 'alias',
      state: 'done',
      from: 'champion → v11',
      to: 'champion → v12',
      detail: null,
      endedAt: day(20),
    },
    { name: 'read-back', state: 'done', from: '', to: 'v12', detail: null, endedAt: day(20) },
  ],
  is: { alias: 12, traffic: 12 },
  error: null,
  createdAt: day(20),
  endedAt: day(20),
  servedUntil: null,
  metric: 0.241,
  ...more,
});

const halfDone = release('0mfrelease03', {
  kind: 'rollback',
  fromVersion: 12,
  toVersion: 11,
  state: 'partial',
  reason: 'worse on live traffic',
  pull: null,
  error: 'The alias did not move: Databricks answered 503.',
  is: { alias: 12, traffic: 11 },
  createdAt: day(22),
  endedAt: day(22),
  metric: 0.252,
});

/** The endpoint's part of the plan and of the metrics is what a rollback shows. */
const plan = {
  digest,
  kind: 'rollback',
  model: 'wine',
  name: 'ml.prod.wine',
  alias: 'champion',
  from: { version: 12, since: day(20), by: ada, pull: 1 },
  to: { version: 11, servedFrom: day(10), servedUntil: day(20), pull: 1, title: 'Grow deeper trees' },
  metrics: failing.metrics.map((row) => ({ ...row, gate: null })),
  effects: [
    { kind: 'endpoint', text: 'Endpoint wine moves its traffic to v11 at once.', level: 'ok' },
    { kind: 'signature', text: 'v11 expects the same columns.', level: 'ok' },
    { kind: 'hold', text: 'Automatic promotion stops until somebody lifts the hold.', level: 'warning' },
  ],
  inFlight: [],
  blocked: [],
};

const audit = (sequence: number, action: string, outcome: string, name: string) => ({
  sequence,
  at: day(sequence),
  action,
  outcome,
  actor: { kind: name === 'webhook' ? 'webhook' : 'person', id: name === 'webhook' ? null : 1, name },
  repository: 1,
  ref: 'refs/heads/main',
  commit: head,
  pull: 1,
  approval: null,
  principal: null,
  subject: `run ${sequence}`,
  detail: { note: 'as asked' },
  requestId: null,
  hash: digest,
});

const baselineRun = '0mf0000000000000000v';
const history = (values: number[]): Answer => ({
  schema: MetricHistory,
  body: {
    series: ['log_loss', 'accuracy'].map((metric) => ({
      metric,
      steps: [1, 2, 3, 4],
      values,
      thinned: false,
    })),
  },
});

/** The repository's part of an answer: what the forge of `panel-forge.ts` calls it. */
const place = { id: 1, fullName: 'ml/wine', url: '/ml/wine' };

/** Everything that the panel may ask about repository 1 while the pull request 1 looks like `pull`. */
export function answersFor(pull: Partial<PullView> = {}): Answers {
  const shown = { ...pullView(pull), index: 1, url: '/ml/wine/pulls/1' };
  const one = shown.run ?? run();
  const root = 'repositories/1';
  const { connection } = shown;
  const answers: Answers = {
    session: { schema: Session, body: { user: wendy, expiresAt: '2027-01-01T00:00:00Z' } },
    [root]: { schema: RepositoryView, body: { ...repositoryView, ...place, connection, production } },
    [`${root}/pulls/1`]: { schema: PullView, body: shown },
    [`${root}/runs`]: {
      schema: RunList,
      body: {
        items: [one, ...shown.runs.filter(({ id }) => id !== one.id)],
        total: 2,
        next: null,
        metrics: [
          { name: 'log_loss', direction: 'lower', primary: true },
          { name: 'accuracy', direction: 'higher', primary: false },
        ],
      },
    },
    [`${root}/runs/${one.id}`]: {
      schema: RunDetail,
      body: {
        run: one,
        verdict: shown.verdict,
        tasks: shown.tasks.length > 0 ? shown.tasks : tasks.map((task) => ({ ...task, state: 'succeeded' })),
        error: shown.error,
        parameters: [
          { name: 'max_depth', value: '6', baseline: '8' },
          { name: 'loss', value: 'log', baseline: 'log' },
        ],
        baselineRun,
        historyMetrics: ['log_loss', 'accuracy'],
        artifacts:
          connection.state === 'ok' ? [{ path: 'model/MLmodel', size: 1_204, directory: false }] : null,
        connection,
        provenance: {
          job: null,
          databricksRunId: '77',
          databricksUrl: 'https://workspace.example.com/jobs/runs/77',
          mlflowRunId: '9f8e7d6c5b4a39281706f5e4d3c2b1a0',
          principal: '3f2c1d00-0000-4000-8000-000000000001',
          configurationCommit: head,
          configurationDigest: digest,
          snapshot: `/Workspace/gitea-databricks/snapshots/${head}`,
        },
        release: 'not released: log_loss gate fails',
        actions: shown.actions,
      },
    },
    [`${root}/runs/${one.id}/history`]: history([0.5, 0.4, 0.3, 0.26]),
    [`${root}/runs/${baselineRun}/history`]: history([0.5, 0.45, 0.35, 0.24]),
    [`${root}/runs/${one.id}/tasks/train/output`]: {
      schema: TaskOutput,
      body: { logs: 'round 1 of 300\nround 2 of 300\n', truncated: true, error: null, errorTrace: null },
    },
    [`${root}/models`]: {
      schema: ModelList,
      body: {
        models: [
          {
            key: 'wine',
            name: 'ml.prod.wine',
            alias: 'champion',
            known: true,
            champion: 12,
            endpoint: production.endpoint,
            versions: [
              version(13, { outcome: 'fail', promote: allowed }),
              version(12, {
                aliases: ['champion'],
                traffic: 100,
                released: [{ from: day(20), until: null, release: 'r2' }],
              }),
              version(11, {
                traffic: 0,
                rollback: allowed,
                released: [{ from: day(10), until: day(20), release: 'r1' }],
              }),
            ],
          },
        ],
        connection,
      },
    },
    [`${root}/models/wine/plans`]: { schema: ReleasePlan, body: plan },
    [`${root}/releases`]: {
      schema: ReleaseList,
      body: {
        items: [
          halfDone,
          release('0mfrelease02', { servedUntil: null }),
          release('0mfrelease01', {
            fromVersion: null,
            toVersion: 11,
            createdAt: day(10),
            endedAt: day(10),
            servedUntil: day(20),
            metric: 0.252,
          }),
        ],
        hold: { since: day(22), by: ada, reason: 'worse on live traffic', release: '0mfrelease03' },
        primary: 'log_loss',
        lift: allowed,
        release: allowed,
      },
    },
    [`${root}/releases/0mfrelease03`]: { schema: Release, body: halfDone },
    [`${root}/audit`]: {
      schema: AuditList,
      body: {
        items: [
          audit(3, 'permission.refused', 'refused', 'walt'),
          audit(2, 'release.ended', 'done', 'ada'),
          audit(1, 'delivery.accepted', 'done', 'webhook'),
        ],
        next: null,
        total: 3,
        verification: { intact: true, entries: 3, head: digest, checkedAt: day(23), brokenAt: null },
      },
    },
  };
  // The forge draws a picture for any digest, and only for those.
  return reworded(answers, (text, key) => (key === 'avatarUrl' ? '/avatars/0123abcd' : text));
}

/** An answer in other words: every string for which `other` gives one is replaced, ids and addresses stay. */
export function reworded(answers: Answers, other: (text: string, key: string) => string): Answers {
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return other(value, key);
    if (Array.isArray(value)) return value.map((one) => walk(one, typeof one === 'string' ? key : ''));
    if (value === null || typeof value !== 'object') return value;
    // Metrics are named by the keys of a record.
    const named = (name: string) => (key === 'metrics' ? other(name, 'metric') : name);
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [named(name), walk(one, name)]));
  };
  return Object.fromEntries(
    Object.entries(answers).map(([path, { schema, body }]) => [path, { schema, body: walk(body, '') }]),
  );
}

/** The same for an administrator of the repository, where Gitea and Databricks did not take everything. */
export function answersForAdministrator(): Answers {
  const permissions = { ...repositoryView.permissions, administer: allowed };
  return {
    ...answersFor(),
    'repositories/1': {
      schema: RepositoryView,
      body: { ...repositoryView, ...place, production, permissions },
    },
    'repositories/1/outbox/parked': { schema: ParkedList, body: parkedList },
  };
}
