import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { AuditList } from '../../../src/contract/audit.ts';
import { MetricHistory } from '../../../src/contract/metric.ts';
import { ModelList, Release, ReleaseList, ReleasePlan } from '../../../src/contract/release.ts';
import { RunDetail, RunList } from '../../../src/contract/run.ts';
import * as data from './tab-data.ts';

const answers: [string, TSchema, unknown][] = [
  ['runs', RunList, data.runList],
  ['a run', RunDetail, data.runDetail()],
  ['the run of the champion', RunDetail, data.championDetail],
  ['a history', MetricHistory, data.history],
  ['models', ModelList, data.modelList(data.versions)],
  ['a running release', Release, data.release()],
  ['a half-done release', Release, data.halfDone],
  ['a done release', Release, data.done],
  ['releases', ReleaseList, data.releaseList()],
  ['a plan', ReleasePlan, data.plan()],
  ['the audit log', AuditList, data.auditList()],
];

describe('the data that the tests of the tab feed it', () => {
  it.each(answers)('is what the API may answer: %s', (_name, schema, answer) => {
    expect([...Value.Errors(schema, answer)]).toEqual([]);
  });

  it('would be found out if it were not', () => {
    expect([...Value.Errors(Release, { ...data.done, toVersion: 'v11' })]).not.toEqual([]);
  });
});
