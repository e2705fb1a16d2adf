import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { MetricHistory } from '../../../contract/metric.ts';
import type { RunDetail } from '../../../contract/run.ts';
import type { MetricChartProps } from '../../charts/metric-chart.tsx';
import { Notice, Skeleton } from '../../components/states.tsx';
import type { TabModel } from './tab-model.ts';

const shown = 4;

/** Metrics over steps, with the baseline's curve beside them; the chart library comes only with the first chart. */
export function RunCurves({ detail, model }: { detail: RunDetail; model: TabModel }) {
  const { api } = model.context;
  const { run, historyMetrics, baselineRun, verdict } = detail;
  const [all, setAll] = useState(false);
  const [Chart, setChart] = useState<ComponentType<MetricChartProps> | null>(null);
  const [histories, setHistories] = useState<{ own: MetricHistory; baseline: MetricHistory | null } | null>(
    null,
  );
  const [failed, setFailed] = useState<string | null>(null);
  const metrics = all ? historyMetrics : historyMetrics.slice(0, shown);
  const wanted = metrics.join(',');

  useEffect(() => {
    if (wanted === '') return undefined;
    const stop = new AbortController();
    const names = wanted.split(',');
    Promise.all([
      import('../../charts/metric-chart.tsx'),
      api.history(run.id, names, stop.signal),
      baselineRun === null ? null : api.history(baselineRun, names, stop.signal).catch(() => null),
    ]).then(
      ([charts, own, baseline]) => {
        if (stop.signal.aborted) return;
        setChart(() => charts.MetricChart);
        setHistories({ own, baseline });
        setFailed(null);
      },
      (error: unknown) => {
        if (!stop.signal.aborted)
          setFailed(error instanceof Error ? error.message : 'The curves did not load.');
      },
    );
    return () => stop.abort();
  }, [api, run.id, run.state, baselineRun, wanted]);

  if (historyMetrics.length === 0) return null;
  const candidate = run.version === null ? `run ${run.number}` : `v${run.version}`;
  const baselineLabel = verdict?.baseline.version ? `v${verdict.baseline.version} production` : 'baseline';
  return (
    <section class="dbx-card">
      <h3 class="dbx-card-head">
        Metrics over steps
        {historyMetrics.length > shown && (
          <button type="button" class="dbx-plain dbx-link" onClick={() => setAll(!all)}>
            {all ? `First ${shown}` : `All ${historyMetrics.length} metrics`}
          </button>
        )}
      </h3>
      {failed !== null && <Notice tone="warning">{failed}</Notice>}
      {Chart === null || histories === null ? (
        failed === null && <Skeleton rows={6} label="Loading the curves" />
      ) : (
        <div class="dbx-charts">
          {histories.own.series.map((own) => {
            const baseline = histories.baseline?.series.find((series) => series.metric === own.metric);
            const gate = verdict?.metrics.find((row) => row.metric === own.metric)?.gate?.bound;
            return (
              <Chart
                key={own.metric}
                title={own.metric}
                gate={gate ?? undefined}
                series={[
                  ...(baseline && baseline.steps.length > 0
                    ? [{ label: baselineLabel, role: 'champion' as const, ...baseline }]
                    : []),
                  { label: candidate, role: 'candidate' as const, ...own },
                ]}
              />
            );
          })}
        </div>
      )}
    </section>
  );
}
