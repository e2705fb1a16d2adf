import type { AuditEntry, AuditList } from '../../../src/contract/audit.ts';
import type { MetricHistory } from '../../../src/contract/metric.ts';
import type {
  ModelList,
  ModelVersion,
  Release,
  ReleaseList,
  ReleasePlan,
} from '../../../src/contract/release.ts';
import type { RunDetail, RunList } from '../../../src/contract/run.ts';
import { failing, head, run, tasks } from '../fixtures/pull-view.ts';

/** Contract-shaped answers of the tab's routes, as `tab-data.test.ts` checks against the schemas. */
export const ada = { id: 1, name: 'ada', fullName: 'Ada', avatarUrl: '/avatars/ada' };

export const champion = run({
  id: '0mf1a2b3c4d5e6f7g8h9',
  number: 38,
  title: 'Grow deeper trees',
  commit: 'fbd502202b0123456789abcdef0123456789abcd',
  branch: 'main',
  pulls: [],
  metrics: { log_loss: 0.241, accuracy: 0.913 },
  outcome: 'pass',
  failingMetrics: [],
  version: 12,
  aliases: ['champion'],
});

export const superseded = run({
  id: '0mf2a2b3c4d5e6f7g8h9',
  number: 42,
  title: 'Try 200 trees',
  state: 'superseded',
  stateReason: 'Superseded by run 43',
  metrics: {},
  outcome: null,
  failingMetrics: [],
  version: null,
});

export const runList: RunList = {
  items: [run(), superseded, champion],
  total: 3,
  next: null,
  metrics: [
    { name: 'log_loss', direction: 'lower', primary: true },
    { name: 'accuracy', direction: 'higher', primary: false },
  ],
};

const answering = { state: 'ok', since: null, asOf: null } as const;

export function runDetail(changes: Partial<RunDetail> = {}): RunDetail {
  return {
    run: run(),
    verdict: failing,
    tasks,
    error: null,
    connection: answering,
    parameters: [
      { name: 'n_estimators', value: '300', baseline: '500' },
      { name: 'max_depth', value: '8', baseline: '8' },
    ],
    baselineRun: champion.id,
    historyMetrics: [],
    artifacts: [{ path: 'importances.json', size: 301, directory: false }],
    provenance: {
      job: 'wine-train',
      databricksRunId: '441378702235',
      databricksUrl: 'https://workspace.example.com/jobs/1/runs/2',
      mlflowRunId: '8f3e21c0aa',
      principal: 'f941c5cf-93ea-46ac-a4a2-7246decd0f9f',
      configurationCommit: head,
      configurationDigest: null,
      snapshot: '/Workspace/Shared/gitea-databricks/1',
    },
    release: 'not released: log_loss gate fails',
    actions: { train: { allowed: true }, cancel: { allowed: true }, retry: { allowed: true } },
    ...changes,
  };
}

export const championDetail = runDetail({
  run: champion,
  parameters: [
    { name: 'n_estimators', value: '500', baseline: null },
    { name: 'max_depth', value: '8', baseline: null },
  ],
  baselineRun: null,
});

export const history: MetricHistory = {
  series: [{ metric: 'log_loss', steps: [1, 2, 3], values: [0.9, 0.4, 0.252], thinned: false }],
};

export function version(changes: Partial<ModelVersion> = {}): ModelVersion {
  return {
    version: 12,
    status: 'ready',
    createdAt: '2026-11-20T09:58:00Z',
    aliases: ['champion'],
    run: champion.id,
    runNumber: 38,
    commit: champion.commit,
    branch: 'main',
    pull: 1,
    outcome: 'pass',
    metrics: { log_loss: 0.241, accuracy: 0.913 },
    traffic: 100,
    released: [{ from: '2026-11-20T10:00:00Z', until: null, release: 'r12' }],
    rollback: { allowed: true },
    promote: { allowed: true },
    ...changes,
  };
}

export function modelList(versions: ModelVersion[]): ModelList {
  return {
    models: [
      {
        key: 'wine',
        name: 'ml.prod.wine',
        alias: 'champion',
        known: true,
        champion: 12,
        endpoint: null,
        versions,
      },
    ],
    connection: answering,
  };
}

export const versions = [
  version({
    version: 13,
    aliases: [],
    outcome: 'fail',
    traffic: null,
    released: [],
    promote: { allowed: false, code: 'gates-failed', reason: 'Its gates failed.' },
  }),
  version(),
  version({
    version: 11,
    aliases: [],
    traffic: 0,
    released: [{ from: '2026-11-14T10:00:00Z', until: '2026-11-20T10:00:00Z', release: 'r11' }],
  }),
];

export function release(changes: Partial<Release> = {}): Release {
  return {
    id: 'r13',
    kind: 'rollback',
    model: 'wine',
    fromVersion: 12,
    toVersion: 11,
    state: 'running',
    actor: ada,
    reason: 'log_loss on live traffic is 0.31',
    pull: 1,
    commit: null,
    approvals: [],
    steps: [
      { name: 'traffic', state: 'running', from: 'v12 100 %', to: 'v11 100 %', detail: null, endedAt: null },
      {
        name: 'alias',
        state: 'planned',
        from: 'champion → v12',
        to: 'champion → v11',
        detail: null,
        endedAt: null,
      },
    ],
    is: null,
    error: null,
    createdAt: '2026-11-23T12:00:00Z',
    endedAt: null,
    servedUntil: null,
    metric: 0.243,
    ...changes,
  };
}

export const halfDone = release({
  state: 'partial',
  steps: [
    {
      name: 'alias',
      state: 'done',
      from: 'champion → v12',
      to: 'champion → v11',
      detail: null,
      endedAt: null,
    },
    {
      name: 'endpoint',
      state: 'failed',
      from: 'v12 100 %',
      to: 'v11 100 %',
      detail: 'HTTP 503',
      endedAt: null,
    },
  ],
  is: { alias: 11, traffic: 12 },
  error: 'The endpoint did not move: Databricks answered 503.',
});

export const done = release({
  state: 'succeeded',
  steps: release().steps.map((step) => ({ ...step, state: 'done' as const })),
  is: { alias: 11, traffic: 11 },
  endedAt: '2026-11-23T12:00:06Z',
});

export const promotion = release({
  id: 'r12',
  kind: 'promotion',
  state: 'succeeded',
  fromVersion: 11,
  toVersion: 12,
  reason: 'Merged: Grow deeper trees',
  approvals: ['wendy'],
  endedAt: '2026-11-20T10:00:00Z',
  createdAt: '2026-11-20T10:00:00Z',
  servedUntil: '2026-11-23T12:00:06Z',
  metric: 0.241,
});

export function releaseList(changes: Partial<ReleaseList> = {}): ReleaseList {
  return {
    items: [done, promotion],
    hold: {
      since: '2026-11-23T12:00:00Z',
      by: ada,
      reason: 'log_loss on live traffic is 0.31',
      release: 'r13',
    },
    primary: 'log_loss',
    lift: { allowed: true },
    release: { allowed: true },
    ...changes,
  };
}

export function plan(changes: Partial<ReleasePlan> = {}): ReleasePlan {
  return {
    digest: 'a'.repeat(64),
    kind: 'rollback',
    model: 'wine',
    name: 'ml.prod.wine',
    alias: 'champion',
    from: { version: 12, since: '2026-11-20T10:00:00Z', by: ada, pull: 1 },
    to: {
      version: 11,
      servedFrom: '2026-11-14T10:00:00Z',
      servedUntil: '2026-11-20T10:00:00Z',
      pull: null,
      title: 'Stratified split',
    },
    metrics: failing.metrics,
    effects: [
      { kind: 'endpoint', text: 'Traffic of wine switches; v11 is still loaded', level: 'ok' },
      { kind: 'signature', text: 'The input sulphates is missing', level: 'warning' },
    ],
    inFlight: [],
    blocked: [],
    ...changes,
  };
}

export function entry(changes: Partial<AuditEntry> = {}): AuditEntry {
  return {
    sequence: 1840,
    at: '2026-11-23T14:23:08.412Z',
    action: 'release.ended',
    outcome: 'done',
    actor: { kind: 'person', id: 1, name: 'ada' },
    repository: 7,
    ref: null,
    commit: null,
    pull: 3,
    approval: null,
    principal: null,
    subject: 'wine v12',
    detail: { state: 'succeeded' },
    requestId: null,
    hash: `c41f${'0'.repeat(56)}9a07`,
    ...changes,
  };
}

export function auditList(changes: Partial<AuditList> = {}): AuditList {
  return {
    items: [
      entry(),
      entry({
        sequence: 1839,
        action: 'permission.refused',
        outcome: 'refused',
        subject: 'delivery 60af8f11-1111-2222-3333-444455556666',
      }),
    ],
    next: null,
    total: 2,
    verification: {
      intact: true,
      entries: 1842,
      head: 'c41f',
      checkedAt: '2026-11-23T14:24:00Z',
      brokenAt: null,
    },
    ...changes,
  };
}
