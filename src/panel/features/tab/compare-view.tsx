import { useEffect, useMemo } from 'preact/hooks';
import type { Direction } from '../../../contract/metric.ts';
import type { RunDetail } from '../../../contract/run.ts';
import chartCss from '../../charts/chart.css?inline';
import { Access } from '../../components/access.tsx';
import { Icon } from '../../components/icon.tsx';
import { arrowDownIcon, arrowUpIcon, xIcon } from '../../components/icons.ts';
import { runMark } from '../../components/run-state.ts';
import { Badge, Notice, Skeleton } from '../../components/states.tsx';
import { percentFormat } from '../../format/change.ts';
import { pageLanguage } from '../../format/language.ts';
import { metricFormat } from '../../format/number.ts';
import { Resource } from '../../models/resource.ts';
import { adoptStyle } from '../../style/adopt.ts';
import { CompareCurves } from './compare-curves.tsx';
import { CompareParameters } from './compare-parameters.tsx';
import { bestOf, changeOf, inOrder, metricRows, roles } from './compare-rows.ts';
import { hashOf } from './route.ts';
import type { TabModel } from './tab-model.ts';
import { isUnknownRun, UnknownRun } from './unknown-run.tsx';

// The heads of the columns carry the lines of the chart.
adoptStyle(chartCss);

/** Two or three runs beside each other, the baseline first: metrics, the parameters that differ, curves. */
export function CompareView({ model, ids }: { model: TabModel; ids: readonly string[] }) {
  const { api, live, signIn } = model.context;
  const abort = useMemo(() => new AbortController(), []);
  const resource = useMemo(() => {
    const runs = new Resource(
      async (stop) => inOrder(await Promise.all(ids.map((id) => api.run(id, stop)))),
      abort.signal,
    );
    live.listen(
      (event) => event.kind === 'run' && ids.includes(event.id),
      () => void runs.refresh(),
      abort.signal,
    );
    void runs.refresh();
    return runs;
  }, [api, live, ids, abort]);
  useEffect(() => () => abort.abort(), [abort]);
  const details = resource.data.value;
  const problem = resource.problem.value;
  if (details === null) {
    if (problem === null) return <Skeleton rows={8} label="Loading the runs" />;
    if (isUnknownRun(problem)) return <UnknownRun />;
    return (
      <div class="dbx-card">
        <Access {...{ problem, signIn }} purpose="to compare runs" retry={() => void resource.refresh()} />
      </div>
    );
  }
  return (
    <>
      <h2 class="dbx-crumbs">
        <a href={hashOf({ view: 'runs' })}>Runs</a> <span class="dbx-light">/</span>{' '}
        {details.length === 1 ? 'One run' : `Compare ${details.length} runs`}
      </h2>
      {problem !== null && <Notice tone="warning">{problem.message}</Notice>}
      <section class="dbx-card dbx-scroll">
        <table class="dbx-table dbx-compare">
          <thead>
            <tr>
              <th>Metric</th>
              {details.map((detail, index) => (
                <Head key={detail.run.id} {...{ detail, index, model }} />
              ))}
            </tr>
          </thead>
          <tbody>
            {metricRows(details).map((row) => (
              <MetricRow key={row.name} {...row} details={details} />
            ))}
          </tbody>
          <CompareParameters details={details} />
        </table>
        <div class="dbx-card-foot dbx-light">
          <span>
            {`Changes are against run ${details[0]?.run.number}. `}
            <b class="dbx-best">Underlined</b> is the best of its row; a cross breaks a gate.
          </span>
        </div>
      </section>
      <CompareCurves details={details} model={model} />
    </>
  );
}

function Head({ detail, index, model }: { detail: RunDetail; index: number; model: TabModel }) {
  const { run } = detail;
  const { link } = model.context.page.repository;
  const mark = runMark(run);
  const pull = run.pulls[0];
  return (
    <th class="dbx-end dbx-compare-head">
      <span class={`dbx-chart-key dbx-chart-${roles[index]}`}>
        <a href={hashOf({ view: 'run', id: run.id })}>
          {run.number} <span class="dbx-compare-title">{run.title}</span>
        </a>
      </span>{' '}
      {run.version !== null && (
        <Badge tone={run.aliases.length > 0 ? 'success' : 'plain'}>
          {[`v${run.version}`, ...run.aliases].join(' ')}
        </Badge>
      )}
      <div class="dbx-light">
        <Icon of={mark.icon} size={12} class={`dbx-tone-${mark.tone}`} label={mark.text} />{' '}
        {index === 0 && 'baseline, '}
        {pull ? <a href={`${link}/pulls/${pull.index}`}>{`#${pull.index}`}</a> : run.branch},{' '}
        <span class="dbx-mono">{run.commit.slice(0, 7)}</span>
      </div>
    </th>
  );
}

interface MetricRowProps {
  name: string;
  direction: Direction | null;
  details: readonly RunDetail[];
}

function MetricRow({ name, direction, details }: MetricRowProps) {
  const values = details.map(({ run }) => run.metrics[name] ?? null);
  const format = metricFormat(values, pageLanguage());
  const best = bestOf(values, direction);
  return (
    <tr>
      <th scope="row">
        <b>{name}</b>{' '}
        {direction && (
          <Icon
            of={direction === 'lower' ? arrowDownIcon : arrowUpIcon}
            size={12}
            label={`${direction} is better`}
          />
        )}
      </th>
      {details.map(({ run }, index) => {
        const value = values[index] ?? null;
        const broken = run.failingMetrics.includes(name);
        return (
          <td key={run.id} class="dbx-end">
            {broken && <Icon of={xIcon} class="dbx-tone-fail" label="breaks its gate" />}{' '}
            <span class={value !== null && value === best ? 'dbx-best' : undefined}>{format(value)}</span>
            {index > 0 && <Change {...{ value, direction, broken }} baseline={values[0] ?? null} />}
          </td>
        );
      })}
    </tr>
  );
}

function Change(props: {
  value: number | null;
  baseline: number | null;
  direction: Direction | null;
  broken: boolean;
}) {
  const change = changeOf(props.value, props.baseline, props.direction);
  if (change === null) return <span class="dbx-compare-change" />;
  return (
    <span class={`dbx-compare-change dbx-change-${props.broken ? 'broken' : change.tone}`}>
      {change.relative > 0 && <Icon of={arrowUpIcon} size={12} />}
      {change.relative < 0 && <Icon of={arrowDownIcon} size={12} />}
      {`${percentFormat(pageLanguage())(change.relative)} ${change.word}`}
    </span>
  );
}
