import type { PullView } from '../../../contract/pull.ts';
import type { PullApi } from '../../api/pull-api.ts';
import { MetricTable } from '../../components/metric-table.tsx';
import { metricTrend } from './metric-trend.ts';
import { baselineName, candidateName } from './names.ts';
import { TrainingCharts } from './training-charts.tsx';

/** The comparison in full, and how the metrics went while training. */
export function MetricsPart({ view, api }: { view: PullView; api: PullApi }) {
  const { verdict, run } = view;
  if (verdict === null || run === null) return null;
  return (
    <>
      <MetricTable
        rows={verdict.metrics}
        candidate={`Candidate ${candidateName(view)}`}
        baseline={baselineName(view)?.column ?? 'No baseline'}
        trends={{
          title: 'Runs',
          values: new Map(verdict.metrics.map((row) => [row.metric, metricTrend(view, row.metric)])),
        }}
      />
      {view.historyMetrics.length > 0 && (
        <TrainingCharts key={run.id} view={view} run={run} verdict={verdict} api={api} />
      )}
    </>
  );
}
