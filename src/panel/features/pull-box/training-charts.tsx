import type { ComponentType } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { MetricHistory, Verdict } from '../../../contract/metric.ts';
import type { PullView } from '../../../contract/pull.ts';
import type { RunSummary } from '../../../contract/run.ts';
import type { ProblemError } from '../../api/problem-error.ts';
import { asProblemError } from '../../api/problem-error.ts';
import type { PullApi } from '../../api/pull-api.ts';
import type { MetricChartProps } from '../../charts/metric-chart.tsx';
import { Notice, Skeleton } from '../../components/states.tsx';
import { chartedMetrics, chartSeries } from './chart-series.ts';
import { candidateName } from './names.ts';

interface Loaded {
  MetricChart: ComponentType<MetricChartProps>;
  candidate: MetricHistory;
  baseline: MetricHistory | null;
}

interface Props {
  view: PullView;
  run: RunSummary;
  verdict: Verdict;
  api: PullApi;
}

/** Two metrics over the steps of the training, production beside the candidate. The charts are a chunk of their own. */
export function TrainingCharts({ view, run, verdict, api }: Props) {
  const metrics = chartedMetrics(view.historyMetrics, verdict);
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [problem, setProblem] = useState<ProblemError | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    load(api, run.id, verdict.baseline.run, metrics, controller.signal)
      .then((result) => {
        if (controller.signal.aborted) return;
        setLoaded(result);
        setProblem(null);
      })
      .catch((error: unknown) => {
        if (!controller.signal.aborted) setProblem(asProblemError(error));
      });
    return () => controller.abort();
  }, [api, run.id, verdict.baseline.run, metrics.join(','), attempt]);
  // The chart is drawn anew when its series are other objects.
  const charts = useMemo(() => {
    if (loaded === null) return [];
    const own = candidateName(view);
    return metrics.map((metric) => ({
      metric,
      series: chartSeries(metric, loaded, own, verdict.baseline.label),
    }));
  }, [loaded]);
  return (
    <section class="dbx-while-training">
      <h5>
        While training <span class="dbx-light dbx-small">by step</span>
        <a class="dbx-small" href={run.url}>
          {view.historyMetrics.length === 1 ? 'The run' : `All ${view.historyMetrics.length} metrics`}
        </a>
      </h5>
      {problem !== null && (
        <Notice
          tone="warning"
          action={
            <button type="button" class="dbx-plain" onClick={() => setAttempt(attempt + 1)}>
              Try now
            </button>
          }
        >
          The curves could not be loaded. {problem.message}
        </Notice>
      )}
      {loaded === null && problem === null && <Skeleton rows={6} label="Loading the curves" />}
      {loaded !== null && (
        <div class="dbx-charts">
          {charts.map(({ metric, series }) => (
            <loaded.MetricChart
              key={metric}
              title={metric}
              series={series}
              gate={verdict.metrics.find((row) => row.metric === metric)?.gate?.bound ?? undefined}
            />
          ))}
        </div>
      )}
    </section>
  );
}

async function load(
  api: PullApi,
  run: string,
  baselineRun: string | null,
  metrics: readonly string[],
  signal: AbortSignal,
): Promise<Loaded> {
  const [{ MetricChart }, candidate, baseline] = await Promise.all([
    import('../../charts/metric-chart.tsx'),
    api.history(run, metrics, signal),
    baselineRun === null ? null : api.history(baselineRun, metrics, signal),
  ]);
  return { MetricChart, candidate, baseline };
}
