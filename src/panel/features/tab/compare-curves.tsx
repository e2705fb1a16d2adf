import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { MetricHistory } from '../../../contract/metric.ts';
import type { RunDetail } from '../../../contract/run.ts';
import type { MetricChartProps } from '../../charts/metric-chart.tsx';
import { Notice, Skeleton } from '../../components/states.tsx';
import { roles } from './compare-rows.ts';
import type { TabModel } from './tab-model.ts';

/** One metric of all runs over steps; the reader chooses which. */
export function CompareCurves({ details, model }: { details: readonly RunDetail[]; model: TabModel }) {
  const { api } = model.context;
  const primary = model.repository.view.data.value?.configuration.primary;
  const names = [...new Set(details.flatMap((detail) => detail.historyMetrics))];
  const [wanted, setWanted] = useState<string | null>(null);
  const metric = wanted ?? names.find((name) => name === primary) ?? names[0];
  const [Chart, setChart] = useState<ComponentType<MetricChartProps> | null>(null);
  const [loaded, setLoaded] = useState<{ metric: string; histories: MetricHistory[] } | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const ids = details.map(({ run }) => run.id).join(',');

  useEffect(() => {
    if (metric === undefined) return undefined;
    const stop = new AbortController();
    Promise.all([
      import('../../charts/metric-chart.tsx'),
      ...ids.split(',').map((id) => api.history(id, [metric], stop.signal)),
    ] as const).then(
      ([charts, ...histories]) => {
        if (stop.signal.aborted) return;
        setChart(() => charts.MetricChart);
        setLoaded({ metric, histories });
        setFailed(null);
      },
      (error: unknown) => {
        if (stop.signal.aborted) return;
        setFailed(error instanceof Error ? error.message : 'The curves did not load.');
      },
    );
    return () => stop.abort();
  }, [api, ids, metric]);

  if (metric === undefined) return null;
  return (
    <section class="dbx-card">
      <h3 class="dbx-card-head">
        {`${metric} over steps`}
        {names.length > 1 && (
          <select
            class="dbx-select dbx-select-small"
            aria-label="Metric"
            value={metric}
            onChange={(event) => setWanted(event.currentTarget.value)}
          >
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )}
      </h3>
      {failed !== null && <Notice tone="warning">{failed}</Notice>}
      {Chart === null || loaded === null ? (
        failed === null && <Skeleton rows={6} label="Loading the curves" />
      ) : (
        <div class="dbx-card-body">
          <Chart
            title={loaded.metric}
            height={260}
            series={details.flatMap(({ run }, index) => {
              const own = loaded.histories[index]?.series.find((series) => series.metric === loaded.metric);
              if (own === undefined || own.steps.length === 0) return [];
              const { steps, values } = own;
              return [{ label: `run ${run.number}`, role: roles[index] ?? 'other', steps, values }];
            })}
          />
        </div>
      )}
    </section>
  );
}
