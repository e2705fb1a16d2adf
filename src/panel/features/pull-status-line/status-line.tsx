import type { ReadonlySignal } from '@preact/signals';
import type { PullView } from '../../../contract/pull.ts';
import { Icon } from '../../components/icon.tsx';
import { runMark } from '../../components/run-state.ts';
import { percentFormat } from '../../format/change.ts';
import { pageLanguage } from '../../format/language.ts';

/**
 * The verdict in a line: "1 of 3 gates fails log_loss +4.6%". Nothing while there is nothing to say; problems
 * are the box's to tell.
 */
export function StatusLine({ view, href }: { view: ReadonlySignal<PullView | null>; href: string }) {
  const pull = view.value;
  if (pull?.run == null) return null;
  const mark = runMark(pull.run);
  const { verdict } = pull;
  return (
    <a href={href}>
      <Icon of={mark.icon} class={`dbx-tone-${mark.tone}`} />
      <span>{verdict?.title ?? mark.text}</span>
      {verdict !== null && <span class="dbx-light">{decisive(verdict)}</span>}
    </a>
  );
}

/** The metric that decides, with its change: the first failing one, else the primary one. */
function decisive(verdict: NonNullable<PullView['verdict']>): string {
  const row =
    verdict.metrics.find(({ gate }) => gate?.outcome === 'fail') ??
    verdict.metrics.find(({ metric }) => metric === verdict.primary);
  if (row === undefined || row.relativeChange === null) return '';
  return `${row.metric} ${percentFormat(pageLanguage())(row.relativeChange)}`;
}
