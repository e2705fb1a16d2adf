import { Icon } from './icon.tsx';
import { arrowDownIcon, arrowUpIcon } from './icons.ts';
import type { MetricWords } from './metric-words.ts';

const arrows = { up: arrowUpIcon, down: arrowDownIcon, level: null };

/** "↑ +0.011 (+4.6%) worse": arrow = direction of the number, word = better or worse; narrow: percent only. */
export function MetricChange({ change }: { change: MetricWords['change'] }) {
  if (change === null) return <span class="dbx-light">–</span>;
  const arrow = arrows[change.direction];
  return (
    <span class={`dbx-change dbx-change-${change.tone}`}>
      {arrow && <Icon of={arrow} size={12} />}
      {change.percent === null ? (
        change.absolute
      ) : (
        <>
          <span class="dbx-when-wide">{change.absolute} (</span>
          {change.percent}
          <span class="dbx-when-wide">)</span>
        </>
      )}{' '}
      {change.word}
    </span>
  );
}
