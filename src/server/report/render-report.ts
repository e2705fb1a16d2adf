import type { MetricComparison, Verdict } from '../../contract/metric.ts';
import { formatChange, formatMetric, formatPercent, formatTogether } from '../metrics/number-format.ts';
import type { Run, Series } from '../training/ports.ts';
import { metricChart } from './chart.ts';
import { code, fenced, html, link, text } from './markdown.ts';

/** Hidden in the comment: by it (and its author) the one comment is found again. */
export const reportMarker = '<!-- gitea-databricks report -->';

export interface ReportNote {
  kind: 'info' | 'warning' | 'error';
  text: string;
}

/** All that a report says; addresses are absolute. */
export interface ReportView {
  head: string;
  commitUrl: string;
  /** The newest run of the head; null: there is none. */
  run: (Run & { url: string }) | null;
  verdict: Verdict | null;
  model: string | null;
  baselineUrl: string | null;
  history: { candidate: Series | null; baseline: Series | null };
  notes: readonly ReportNote[];
  /** What a merge will do or did. */
  promotion: string | null;
}

function title({ run, verdict, notes }: ReportView): string {
  if (!run) return notes.some((note) => note.kind === 'error') ? 'Not trained' : 'Nothing to train';
  switch (run.state) {
    case 'waiting':
      return 'Training waits for approval';
    case 'succeeded':
      return verdict?.title ?? 'Trained';
    case 'failed':
      return 'Training failed';
    case 'timed-out':
      return 'Training timed out';
    case 'cancelled':
      return 'Training was cancelled';
    case 'superseded':
      return 'Training was superseded';
    default:
      return 'Training';
  }
}

/** "575d008634 · Run 43 · v13 of ml.wine.quality, compared with v12 in production" */
function where({ head, commitUrl, run, verdict, model, baselineUrl }: ReportView): string {
  const parts = [link(head.slice(0, 10), commitUrl)];
  if (run) parts.push(link(`Run ${run.number}`, run.url));
  if (run?.modelVersion != null && model !== null) parts.push(`v${run.modelVersion} of ${text(model)}`);
  if (verdict && verdict.baseline.kind !== 'none') {
    const { label } = verdict.baseline;
    parts.push(`compared with ${baselineUrl ? link(label, baselineUrl) : text(label)}`);
  }
  return parts.join(' · ');
}

function changeCell({ change, relativeChange, trend, gate }: MetricComparison): string {
  const limit = gate?.outcome === 'fail' && gate.regression !== null && gate.bound !== gate.limit;
  const rule = limit ? `, limit ${formatPercent(gate.regression ?? 0)}` : '';
  if (change === null) return gate ? gateCell(gate) : '';
  if (change === 0) return '±0%';
  const arrow = change > 0 ? '▲' : '▼';
  const word = trend === 'better' || trend === 'worse' ? ` ${trend}` : '';
  return `${arrow} ${formatChange(change, relativeChange)}${word}${rule}`;
}

function gateCell(gate: NonNullable<MetricComparison['gate']>): string {
  if (gate.bound === null) return 'needs a baseline';
  return `${gate.direction === 'lower' ? 'at most' : 'at least'} ${formatMetric(gate.bound)}`;
}

const icons = { fail: '❌', pass: '✅', 'no-baseline': '➖' } as const;

/** At most four narrow columns: five overflow a narrow page. */
function table(verdict: Verdict): string {
  const compared = verdict.baseline.kind !== 'none';
  const before = verdict.baseline.kind === 'champion' ? `v${verdict.baseline.version}` : 'Baseline';
  const rows = verdict.metrics.slice(0, 20).map((item) => {
    const [now = '', then = ''] = formatTogether([item.candidate, item.baseline]);
    const failed = item.gate?.outcome === 'fail';
    const strong = (cell: string) => (failed && cell !== '' ? `**${cell}**` : cell);
    const name = `${item.gate ? `${icons[item.gate.outcome]} ` : ''}${strong(text(item.metric))}`;
    return compared
      ? [name, strong(now), then, strong(changeCell(item))]
      : [name, strong(now), item.gate ? strong(gateCell(item.gate)) : ''];
  });
  const head = compared ? ['Metric', 'This change', before, 'Change'] : ['Metric', 'This change', 'Gate'];
  const align = head.map((_, index) => (index === 0 ? ':--' : '--:'));
  const hidden = verdict.metrics.length - rows.length;
  const lines = [head, align, ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [...lines, ...(hidden > 0 ? ['', `${hidden} more metrics in the run.`] : [])].join('\n');
}

function chart({ verdict, history, run }: ReportView): string | null {
  const metric = verdict?.primary ?? run?.configuration.metrics.primary;
  if (!metric) return null;
  const drawing = metricChart(metric, history.candidate, history.baseline);
  if (drawing === null) return null;
  const legend = drawing.includes('#888888')
    ? `Blue: this change. Grey: ${text(verdict?.baseline.label ?? 'the baseline')}.`
    : '';
  return [
    `<details><summary>${html(metric)} while training</summary>`,
    '',
    fenced(drawing, 'mermaid'),
    ...(legend ? ['', legend] : []),
    '',
    '</details>',
  ].join('\n');
}

function failure({ run }: ReportView): string | null {
  if (!run?.error) return null;
  const { task, message, trace } = run.error;
  const first = task === null ? text(message) : `Task ${code(task)}: ${text(message)}`;
  const end = trace?.split('\n').slice(-30).join('\n');
  return end ? `${first}\n\n${fenced(end)}` : first;
}

const sentences: Record<string, string> = {
  waiting:
    'Training runs this fork’s code on Databricks. Somebody with write access looks at the changes first, then approves this commit in the box above the merge button, or by a comment. A new push asks again.',
  queued: 'Waits for Databricks.',
  uploading: 'The files are being uploaded.',
  submitted: 'Waits for Databricks.',
  running: 'Trains on Databricks.',
  evaluating: 'The metrics are being read.',
};

function body(view: ReportView): (string | null)[] {
  const { run, verdict } = view;
  if (!run) return [];
  if (run.state === 'succeeded' && verdict) return [text(verdict.summary), table(verdict), chart(view)];
  if (run.error) return [failure(view)];
  if (run.state === 'waiting') {
    return [
      sentences.waiting ?? null,
      `The comment is ${code(`/databricks train ${run.commit.slice(0, 10)}`)}.`,
    ];
  }
  return [sentences[run.state] ?? (run.stateReason === null ? null : text(run.stateReason))];
}

const noteIcons = { info: 'ℹ️', warning: '⚠️', error: '❌' } as const;

/** The comment of a pull request, in the Markdown that Gitea renders. */
export function renderReport(view: ReportView): string {
  const notes = view.notes.map((note) => `${noteIcons[note.kind]} ${text(note.text)}`);
  return [
    reportMarker,
    `### ${text(title(view))}`,
    where(view),
    ...body(view),
    ...notes,
    view.promotion === null ? null : text(view.promotion),
  ]
    .filter((part) => part !== null && part !== '')
    .join('\n\n');
}
