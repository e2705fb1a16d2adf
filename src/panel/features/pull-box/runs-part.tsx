import type { PullView } from '../../../contract/pull.ts';
import type { RunSummary } from '../../../contract/run.ts';
import { Icon } from '../../components/icon.tsx';
import { runMark } from '../../components/run-state.ts';
import { Badge, Commit } from '../../components/states.tsx';
import { Time, Took } from '../../components/time.tsx';
import { pageLanguage } from '../../format/language.ts';
import { metricFormat } from '../../format/number.ts';
import type { BoxLinks } from './links.ts';

/** Every run of this pull request, newest first, with the metrics that decide. */
export function RunsPart({ view, links }: { view: PullView; links: BoxLinks }) {
  const metrics = decidingMetrics(view);
  const formats = new Map(
    metrics.map((metric) => [
      metric,
      metricFormat(
        view.runs.map((run) => run.metrics[metric]),
        pageLanguage(),
      ),
    ]),
  );
  return (
    <table class="dbx-table dbx-runs">
      <thead>
        <tr>
          <th scope="col">Run</th>
          <th scope="col">Commit</th>
          <th scope="col">Outcome</th>
          {metrics.map((metric) => (
            <th key={metric} scope="col" class="dbx-end">
              {metric}
            </th>
          ))}
          <th scope="col" class="dbx-end">
            Took
          </th>
          <th scope="col" class="dbx-end">
            Started
          </th>
        </tr>
      </thead>
      <tbody>
        {view.runs.map((run) => (
          <tr key={run.id}>
            <RunCells run={run} links={links} />
            {metrics.map((metric) => (
              <td key={metric} class="dbx-end dbx-cell-metric" data-label={metric}>
                <span class={run.failingMetrics.includes(metric) ? 'dbx-change-broken' : undefined}>
                  {formats.get(metric)?.(run.metrics[metric])}
                </span>
              </td>
            ))}
            <td class="dbx-end dbx-cell-took">
              {run.startedAt === null ? '–' : <Took from={run.startedAt} until={run.endedAt} />}
            </td>
            <td class="dbx-end dbx-cell-started">
              <Time at={run.startedAt ?? run.createdAt} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function RunCells({ run, links }: { run: RunSummary; links: BoxLinks }) {
  const mark = runMark(run);
  return (
    <>
      <th scope="row" class="dbx-cell-run">
        <Icon of={mark.icon} class={`dbx-tone-${mark.tone}`} /> <a href={run.url}>{run.number}</a>{' '}
        {run.version !== null && <Badge>v{run.version}</Badge>}
      </th>
      <td class="dbx-cell-commit">
        <Commit sha={run.commit} href={links.commit(run.commit)} />{' '}
        <span class="dbx-run-title">{run.title}</span>
      </td>
      <td class="dbx-cell-outcome" title={run.stateReason ?? undefined}>
        {mark.text}
      </td>
    </>
  );
}

/** At most two: the failing one and the primary one. */
function decidingMetrics(view: PullView): string[] {
  const primary = view.verdict?.primary ?? view.primary;
  const failing = view.runs[0]?.failingMetrics ?? [];
  const logged = new Set(view.runs.flatMap((run) => Object.keys(run.metrics)));
  return [...new Set([...(primary === null ? [] : [primary]), ...failing, ...logged])]
    .filter((metric) => logged.has(metric))
    .slice(0, 2);
}
