import type { RunList, RunSummary } from '../../../contract/run.ts';
import { Icon } from '../../components/icon.tsx';
import { xIcon } from '../../components/icons.ts';
import { Person } from '../../components/person.tsx';
import { runMark } from '../../components/run-state.ts';
import { Sparkline } from '../../components/sparkline.tsx';
import { Badge } from '../../components/states.tsx';
import { Time, Took } from '../../components/time.tsx';
import { gitBranchIcon, gitPullRequestIcon } from './icons.ts';
import { hashOf } from './route.ts';
import type { TabModel } from './tab-model.ts';

export interface RunRowProps {
  run: RunSummary;
  columns: RunList['metrics'];
  formats: ReadonlyMap<string, (value: number | null | undefined) => string>;
  best: ReadonlyMap<string, number | null>;
  /** Whether the table has the column. */
  curves: boolean;
  model: TabModel;
}

/** One run of the list; a click anywhere but on a link or the checkbox opens it. */
export function RunRow({ run, columns, formats, best, curves, model }: RunRowProps) {
  const mark = runMark(run);
  const link = model.context.page.repository.link;
  const address = hashOf({ view: 'run', id: run.id });
  const measured = columns.some(({ name }) => run.metrics[name] != null);
  const selected = model.selected.value.includes(run.id);
  const open = (event: MouseEvent) => {
    if ((event.target as Element).closest('a, input, label')) return;
    // Who marks text wants the text.
    if (getSelection()?.isCollapsed === false) return;
    location.hash = address;
  };
  return (
    <tr class={selected ? 'dbx-run dbx-run-selected' : 'dbx-run'} data-run={run.id} onClick={open}>
      <td class="dbx-run-select">
        <input
          type="checkbox"
          aria-label={`Select run ${run.number}`}
          checked={selected}
          onChange={() => model.select(run.id)}
        />
      </td>
      <td class="dbx-run-name">
        <span>
          <Icon of={mark.icon} class={`dbx-tone-${mark.tone}`} label={mark.text} />
          <a href={address}>
            {run.number} <span class="dbx-run-title">{run.title}</span>
          </a>
          {run.version !== null && (
            <Badge tone={run.aliases.length > 0 ? 'success' : 'plain'}>
              {[`v${run.version}`, ...run.aliases].join(' ')}
            </Badge>
          )}
        </span>
      </td>
      <td class="dbx-run-where">
        {run.pulls[0] ? (
          <>
            <Icon of={gitPullRequestIcon} />{' '}
            <a href={`${link}/pulls/${run.pulls[0].index}`}>#{run.pulls[0].index}</a>
          </>
        ) : (
          <>
            <Icon of={gitBranchIcon} /> <span class="dbx-run-branch">{run.branch}</span>
          </>
        )}{' '}
        <a href={`${link}/commit/${run.commit}`}>
          <code class="dbx-sha">{run.commit.slice(0, 7)}</code>
        </a>
      </td>
      <td class="dbx-run-by">{run.actor && <Person person={run.actor} />}</td>
      {measured ? (
        columns.map(({ name }) => (
          <td key={name} class="dbx-end dbx-run-metric">
            <span class="dbx-run-metric-name">{name}</span>
            <Metric
              text={formats.get(name)?.(run.metrics[name]) ?? ''}
              broken={run.failingMetrics.includes(name)}
              top={run.metrics[name] != null && run.metrics[name] === best.get(name)}
            />
          </td>
        ))
      ) : (
        <td class="dbx-light dbx-run-reason" colSpan={Math.max(1, columns.length)}>
          <span>{run.stateReason ?? mark.text}</span>
        </td>
      )}
      {curves && (
        <td class="dbx-run-curve">
          <Sparkline
            values={run.curve}
            label="primary metric while training"
            tone={run.outcome === 'fail' ? 'fail' : 'candidate'}
          />
        </td>
      )}
      <td class="dbx-end dbx-run-took">
        {run.startedAt && <Took from={run.startedAt} until={run.endedAt} />}
      </td>
      <td class="dbx-end dbx-run-when">
        <Time at={run.startedAt ?? run.createdAt} />
      </td>
    </tr>
  );
}

function Metric({ text, broken, top }: { text: string; broken: boolean; top: boolean }) {
  if (broken) {
    return (
      <span class="dbx-change-broken">
        <Icon of={xIcon} label="breaks its gate" /> {text}
      </span>
    );
  }
  return top ? <b>{text}</b> : <span>{text}</span>;
}
