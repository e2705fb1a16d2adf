import type { MetricComparison } from '../../contract/metric.ts';
import { pageLanguage } from '../format/language.ts';
import { adoptStyle } from '../style/adopt.ts';
import { Icon } from './icon.tsx';
import { arrowDownIcon, arrowUpIcon } from './icons.ts';
import css from './metric-strip.css?inline';
import { metricWords, stripLine } from './metric-words.ts';

adoptStyle(css);

const arrows = { up: arrowUpIcon, down: arrowDownIcon, level: null };

/** The first four metrics as large numbers; 2 × 2 when narrow. The failing one is tinted. */
export function MetricStrip({ rows }: { rows: readonly MetricComparison[] }) {
  const language = pageLanguage();
  return (
    <ul class="dbx-strip">
      {rows.slice(0, 4).map((row) => {
        const words = metricWords(row, language);
        const arrow = words.change === null ? null : arrows[words.change.direction];
        return (
          <li
            key={row.metric}
            class={row.gate?.outcome === 'fail' ? 'dbx-broken' : undefined}
            title={row.gate?.reason}
          >
            <span class="dbx-strip-name">
              <Icon
                of={words.mark.icon}
                size={14}
                class={`dbx-tone-${words.mark.tone}`}
                label={words.mark.label}
              />
              {row.metric}
            </span>
            <span class="dbx-strip-value">{words.candidate}</span>
            <span class={`dbx-strip-change dbx-change-${words.change?.tone ?? 'plain'}`}>
              {arrow && <Icon of={arrow} size={12} />}
              {stripLine(row, words)}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
