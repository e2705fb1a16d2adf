import type { PullView } from '../../../contract/pull.ts';
import { Badge } from '../../components/states.tsx';
import type { PullModel } from '../../models/pull-model.ts';
import { adoptStyle } from '../../style/adopt.ts';
import tableCss from '../../style/table.css?inline';
import css from './details.css?inline';
import type { BoxLinks } from './links.ts';
import { MetricsPart } from './metrics-part.tsx';
import { NewRunPart } from './new-run-part.tsx';
import { RunsPart } from './runs-part.tsx';

adoptStyle(tableCss, css);

export type DetailsPart = 'metrics' | 'new-run' | 'runs';

/** Tabs inside the box, so that the merge box stays near. */
export function Details({ view, model, links }: { view: PullView; model: PullModel; links: BoxLinks }) {
  const parts = partsOf(view);
  const open = parts.find((part) => part.id === model.open.value) ?? parts[0];
  if (open === undefined) return null;
  return (
    <div>
      <div
        class="dbx-tabs"
        role="tablist"
        aria-label="Details of the training"
        onKeyDown={(event) => moveTab(event)}
      >
        {parts.map(({ id, title }) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`dbx-tab-${id}`}
            class="dbx-tab"
            aria-selected={id === open.id}
            aria-controls="dbx-tab-panel"
            tabIndex={id === open.id ? 0 : -1}
            onClick={() => {
              model.open.value = id;
            }}
          >
            <span data-text={title}>{title}</span>
            {id === 'runs' && <Badge>{view.runs.length}</Badge>}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="dbx-tab-panel" aria-labelledby={`dbx-tab-${open.id}`}>
        {open.id === 'metrics' && <MetricsPart view={view} api={model.api} />}
        {open.id === 'new-run' && <NewRunPart view={view} model={model} links={links} />}
        {open.id === 'runs' && <RunsPart view={view} links={links} />}
      </div>
    </div>
  );
}

function partsOf(view: PullView): { id: DetailsPart; title: string }[] {
  const parts: { id: DetailsPart; title: string }[] = [];
  if (view.verdict !== null) parts.push({ id: 'metrics', title: 'Metrics' });
  if (view.state === 'open') parts.push({ id: 'new-run', title: 'New run' });
  if (view.runs.length > 0) parts.push({ id: 'runs', title: 'Runs of this pull request' });
  return parts;
}

/** Arrow keys go from tab to tab (WAI-ARIA tabs pattern). */
function moveTab(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step === undefined) return;
  const tabs = [...event.currentTarget.querySelectorAll<HTMLElement>('[role=tab]')];
  const at = tabs.indexOf(document.activeElement as HTMLElement);
  const next = tabs[(at + step + tabs.length) % tabs.length];
  next?.focus();
  next?.click();
}
