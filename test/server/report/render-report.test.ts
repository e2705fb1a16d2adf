import MarkdownIt from 'markdown-it';
import { describe, expect, test } from 'vitest';
import { compare } from '../../../src/server/metrics/compare.ts';
import type { ReportView } from '../../../src/server/report/render-report.ts';
import { renderReport, reportMarker } from '../../../src/server/report/render-report.ts';
import { statusOfRun } from '../../../src/server/report/status.ts';
import type { Run } from '../../../src/server/training/ports.ts';

const verdict = compare({
  candidate: { log_loss: 0.252, accuracy: 0.921 },
  baseline: {
    kind: 'champion',
    label: 'v12 in production',
    version: 12,
    run: 'r12',
    commit: 'c',
    metrics: { log_loss: 0.241, accuracy: 0.913 },
  },
  gates: [
    { metric: 'log_loss', direction: 'lower', limit: null, regression: 0.02 },
    { metric: 'accuracy', direction: 'higher', limit: 0.9, regression: null },
  ],
  primary: 'log_loss',
});

const run = {
  id: 'r13',
  number: 43,
  state: 'succeeded',
  stateReason: null,
  error: null,
  modelVersion: 13,
  verdict: null,
  pulls: [{ index: 3, verdict }],
  configuration: { metrics: { primary: 'log_loss', gates: [] } },
} as unknown as Run;

const view: ReportView = {
  head: '575d008634aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  commitUrl: 'https://git.example/ml/wine/commit/575d008634',
  run: { ...run, url: 'https://git.example/ml/wine?tab=databricks#/runs/r13' },
  verdict,
  model: 'ml.prod.wine',
  baselineUrl: 'https://git.example/ml/wine?tab=databricks#/runs/r12',
  history: { candidate: null, baseline: null },
  notes: [],
  promotion: null,
};

describe('the report', () => {
  test('reads verdict, reason, numbers', () => {
    expect(renderReport(view)).toBe(`${reportMarker}

### 1 of 2 gates fails

[575d008634](<https://git.example/ml/wine/commit/575d008634>) · [Run 43](<https://git.example/ml/wine?tab=databricks#/runs/r13>) · v13 of ml.prod.wine · compared with [v12 in production](<https://git.example/ml/wine?tab=databricks#/runs/r12>)

log\\_loss rose by 4.6%, from 0.241 to 0.252. The gate allows 2%, that is 0.246 at most.

| Metric | This change | v12 | Change |
| :-- | --: | --: | --: |
| ❌ **log\\_loss** | **0.252** | 0.241 | **▲ +4.6% worse, limit 2%** |
| ✅ accuracy | 0.921 | 0.913 | ▲ +0.9% better |`);
  });

  test('draws the primary metric against the baseline, folded', () => {
    const series = (values: number[]) => ({ steps: values.map((_, step) => step), values, thinned: false });
    const history = { candidate: series([0.9, 0.5, 0.252]), baseline: series([0.8, 0.4, 0.241]) };
    const text = renderReport({ ...view, history });
    expect(text).toContain('<details><summary>log_loss while training</summary>');
    expect(text).toContain('  line [0.8, 0.4, 0.241]\n  line [0.9, 0.5, 0.252]\n');
    expect(text).toContain('Blue: this change. Grey: v12 in production.');
  });

  test('shows the end of a failing task’s trace as it is, and nothing of it becomes markup', () => {
    const trace = `${'x\n'.repeat(100)}ValueError: <img src=x> \`\`\`\n@ada`;
    const error = { task: 'train', message: '<b>bad</b> @ada', trace };
    const failed = { ...view, verdict: null, run: { ...view.run!, state: 'failed' as const, error } };
    const html = new MarkdownIt({ html: true }).render(renderReport(failed));
    expect(html).toContain('<h3>Training failed</h3>');
    expect(html).toContain('ValueError: &lt;img src=x&gt;');
    expect(html).not.toMatch(/<img|<b>/);
  });

  test.each([
    ['succeeded', 'failure', 'log_loss 0.252 (+4.6%), 1 of 2 gates fails'],
    ['waiting', 'pending', 'Waits for a writer to approve training'],
    ['queued', 'pending', 'Run 43 is queued for Databricks'],
    ['running', 'pending', 'Run 43 trains on Databricks'],
    ['cancelled', 'error', 'Training was cancelled'],
    ['superseded', 'error', 'Superseded by a newer push'],
  ] as const)('has a commit status while %s', (state, expected, description) => {
    expect(statusOfRun({ ...run, state })).toEqual({ state: expected, description });
  });

  test('a status has at most 140 characters in one line', () => {
    const error = { task: null, message: `a\n${'b'.repeat(300)}`, trace: null };
    const { description } = statusOfRun({ ...run, state: 'failed', error });
    expect(description).toHaveLength(140);
    expect(description).toMatch(/^Training failed: a b+…$/);
  });
});
