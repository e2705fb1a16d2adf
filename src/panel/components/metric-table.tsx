import type { MetricComparison } from '../../contract/metric.ts';
import { pageLanguage } from '../format/language.ts';
import { adoptStyle } from '../style/adopt.ts';
import tableCss from '../style/table.css?inline';
import { GateGauge } from './gate-gauge.tsx';
import { Icon } from './icon.tsx';
import { arrowDownIcon, arrowUpIcon } from './icons.ts';
import { MetricChange } from './metric-change.tsx';
import { metricWords } from './metric-words.ts';
import { Sparkline } from './sparkline.tsx';

adoptStyle(tableCss);

export interface MetricTableProps {
  rows: readonly MetricComparison[];
  /** Column titles: "Candidate v13", "Production v12". */
  candidate: string;
  baseline: string;
  /** Values over time per metric, oldest first; the column is there when any has at least three. */
  trends?: { title: string; values: ReadonlyMap<string, readonly number[]> };
  /** False where no row can have a gate (a release plan). */
  gates?: boolean;
}

/** Candidate against baseline with the gates; a table when wide, cards when its container is narrow. */
export function MetricTable({ rows, candidate, baseline, trends, gates = true }: MetricTableProps) {
  const trendTitle =
    trends !== undefined && rows.some((row) => (trends.values.get(row.metric)?.length ?? 0) >= 3)
      ? trends.title
      : null;
  return (
    <table class="dbx-table dbx-metrics">
      <thead>
        <tr>
          <th scope="col">Metric</th>
          <th scope="col" class="dbx-end">
            {baseline}
          </th>
          <th scope="col" class="dbx-end">
            {candidate}
          </th>
          <th scope="col" class="dbx-end">
            Change
          </th>
          {gates && <th scope="col">Gate</th>}
          {trendTitle !== null && (
            <th scope="col" class="dbx-end">
              {trendTitle}
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <MetricRow
            key={row.metric}
            row={row}
            gates={gates}
            trend={trendTitle === null ? null : (trends?.values.get(row.metric) ?? [])}
          />
        ))}
      </tbody>
    </table>
  );
}

function MetricRow({
  row,
  gates,
  trend,
}: {
  row: MetricComparison;
  gates: boolean;
  trend: readonly number[] | null;
}) {
  const words = metricWords(row, pageLanguage());
  const broken = row.gate?.outcome === 'fail';
  return (
    <tr class={broken ? 'dbx-broken' : undefined}>
      <th scope="row" class="dbx-cell-name">
        {gates && (
          <Icon of={words.mark.icon} class={`dbx-tone-${words.mark.tone}`} label={words.mark.label} />
        )}
        <b>{row.metric}</b>
        {row.direction !== null && <BetterWhen direction={row.direction} />}
      </th>
      <td class="dbx-end dbx-cell-baseline">{words.baseline}</td>
      <td class="dbx-end dbx-cell-candidate">
        <b>{words.candidate}</b>
      </td>
      <td class="dbx-end dbx-cell-change">
        <MetricChange change={words.change} />
      </td>
      {gates && (
        <td class="dbx-cell-gate" title={row.gate?.reason}>
          <GateGauge row={row} />
          {words.bound === null ? (
            <span class="dbx-light">{row.gate === null ? 'no gate' : 'needs a baseline'}</span>
          ) : (
            <span class="dbx-numbers">
              {words.bound} {words.allowed !== null && <span class="dbx-light">({words.allowed})</span>}
            </span>
          )}
        </td>
      )}
      {trend !== null && (
        <td class="dbx-end dbx-cell-trend">
          <Sparkline values={trend} label={`${row.metric} so far`} tone={broken ? 'fail' : 'candidate'} />
        </td>
      )}
    </tr>
  );
}

function BetterWhen({ direction }: { direction: 'lower' | 'higher' }) {
  const words = `${direction} is better`;
  return (
    <>
      <span class="dbx-when-wide" title={words}>
        <Icon of={direction === 'lower' ? arrowDownIcon : arrowUpIcon} size={12} label={words} />
      </span>
      <span class="dbx-when-narrow dbx-light dbx-small">{words}</span>
    </>
  );
}
