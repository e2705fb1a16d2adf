import type { RunList, RunSummary } from '../../../contract/run.ts';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { arrowDownIcon, arrowUpIcon, xIcon } from '../../components/icons.ts';
import { Person } from '../../components/person.tsx';
import { runMark } from '../../components/run-state.ts';
import { Sparkline } from '../../components/sparkline.tsx';
import { Badge, Commit, Empty, Notice, Skeleton } from '../../components/states.tsx';
import { Time, Took } from '../../components/time.tsx';
import { pageLanguage } from '../../format/language.ts';
import { countFormat, metricFormat } from '../../format/number.ts';
import { beakerIcon, gitBranchIcon, gitPullRequestIcon, searchIcon } from './icons.ts';
import { hashOf } from './route.ts';
import type { TabModel } from './tab-model.ts';

const states = [
  ['', 'All states'],
  ['active', 'Under way'],
  ['succeeded', 'Succeeded'],
  ['failed', 'Failed'],
  ['superseded', 'Superseded'],
  ['cancelled', 'Cancelled'],
] as const;

/** All runs, newest first, with the metrics that count; cards where it is narrow. */
export function RunsView({ model }: { model: TabModel }) {
  const list = model.runs.data.value;
  const problem = model.runs.problem.value;
  const { query, state } = model.filter.value;
  const filtered = query !== '' || state !== '';
  return (
    <>
      <div class="dbx-filters">
        <label class="dbx-search">
          <Icon of={searchIcon} />
          <input
            type="search"
            placeholder="Title, run number, branch or commit"
            aria-label="Search runs"
            value={query}
            onInput={(event) => model.search({ query: event.currentTarget.value })}
          />
        </label>
        <select
          class="dbx-select"
          aria-label="State"
          value={state}
          onChange={(event) => model.search({ state: event.currentTarget.value })}
        >
          {states.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </div>
      {problem !== null && <Notice tone="warning">{problem.message}</Notice>}
      {list === null ? (
        problem === null && <Skeleton rows={8} label="Loading runs" />
      ) : list.items.length === 0 ? (
        filtered ? (
          <Empty icon={beakerIcon} title="No run matches">
            <Button onClick={() => model.search({ query: '', state: '' })}>Clear the filter</Button>
          </Empty>
        ) : (
          <Empty icon={beakerIcon} title="No runs yet">
            A push to the default branch or a pull request that changes the configured paths starts one.
          </Empty>
        )
      ) : (
        <RunTable list={list} model={model} />
      )}
    </>
  );
}

function RunTable({ list, model }: { list: RunList; model: TabModel }) {
  const columns = list.metrics.slice(0, 4);
  const formats = new Map(
    columns.map(({ name }) => [
      name,
      metricFormat(
        list.items.map((run) => run.metrics[name]),
        pageLanguage(),
      ),
    ]),
  );
  const best = new Map(columns.map((column) => [column.name, bestOf(list.items, column)]));
  const number = countFormat(pageLanguage());
  return (
    <div class="dbx-card">
      <table class="dbx-table dbx-run-table">
        <thead>
          <tr>
            <th>Run</th>
            <th>Branch or pull request</th>
            <th>By</th>
            {columns.map(({ name, direction }) => (
              <th key={name} class="dbx-end" aria-sort={sortState(model, name)}>
                <button type="button" class="dbx-plain" onClick={() => model.sortBy(name)}>
                  {name}{' '}
                  {direction && <Icon of={direction === 'lower' ? arrowDownIcon : arrowUpIcon} size={12} />}
                </button>
              </th>
            ))}
            <th>Curve</th>
            <th class="dbx-end">Took</th>
            <th class="dbx-end" aria-sort={sortState(model, 'started')}>
              <button type="button" class="dbx-plain" onClick={() => model.sortBy('started')}>
                Started
              </button>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.items.map((run) => (
            <RunRow key={run.id} run={run} columns={columns} formats={formats} best={best} model={model} />
          ))}
        </tbody>
      </table>
      <div class="dbx-card-foot">
        <span class="dbx-light">{`${number(list.items.length)} of ${number(list.total)} runs`}</span>
        {list.items.length < list.total && (
          <Button busy={model.runs.loading.value} onClick={() => model.showMore()}>
            Show more
          </Button>
        )}
      </div>
    </div>
  );
}

interface RowProps {
  run: RunSummary;
  columns: RunList['metrics'];
  formats: Map<string, (value: number | null | undefined) => string>;
  best: Map<string, number | null>;
  model: TabModel;
}

function RunRow({ run, columns, formats, best, model }: RowProps) {
  const mark = runMark(run);
  const link = model.context.page.repository.link;
  const measured = columns.some(({ name }) => run.metrics[name] != null);
  const open = () => {
    location.hash = hashOf({ view: 'run', id: run.id });
  };
  return (
    <tr class="dbx-run" onClick={(event) => (event.target as Element).closest('a') ?? open()}>
      <td class="dbx-run-name">
        <Icon of={mark.icon} class={`dbx-tone-${mark.tone}`} label={mark.text} />
        <a href={hashOf({ view: 'run', id: run.id })}>{run.number}</a>
        <span class="dbx-run-title">{run.title}</span>
        {run.version !== null && (
          <Badge tone={run.aliases.length > 0 ? 'success' : 'plain'}>
            {[`v${run.version}`, ...run.aliases].join(' ')}
          </Badge>
        )}
      </td>
      <td class="dbx-run-where">
        {run.pulls[0] ? (
          <>
            <Icon of={gitPullRequestIcon} />{' '}
            <a href={`${link}/pulls/${run.pulls[0].index}`}>#{run.pulls[0].index}</a>
          </>
        ) : (
          <>
            <Icon of={gitBranchIcon} /> {run.branch}
          </>
        )}{' '}
        <Commit sha={run.commit.slice(0, 7)} href={`${link}/commit/${run.commit}`} />
      </td>
      <td class="dbx-run-by">{run.actor && <Person person={run.actor} />}</td>
      {measured ? (
        columns.map(({ name }) => {
          const broken = run.failingMetrics.includes(name);
          const value = run.metrics[name] ?? null;
          const top = value !== null && value === best.get(name);
          return (
            <td key={name} class="dbx-end dbx-run-metric" data-label={name}>
              <span class={broken ? 'dbx-change-broken' : undefined}>
                {broken && <Icon of={xIcon} label="breaks its gate" />}
                {top ? <b>{formats.get(name)?.(value)}</b> : formats.get(name)?.(value)}
              </span>
            </td>
          );
        })
      ) : (
        <td class="dbx-light dbx-run-reason" colSpan={Math.max(1, columns.length)}>
          {run.stateReason ?? mark.text}
        </td>
      )}
      <td class="dbx-run-curve">
        <Sparkline
          values={run.curve}
          label="primary metric while training"
          tone={run.outcome === 'fail' ? 'fail' : 'candidate'}
        />
      </td>
      <td class="dbx-end dbx-run-took">
        {run.startedAt && <Took from={run.startedAt} until={run.endedAt} />}
      </td>
      <td class="dbx-end dbx-run-when">
        <Time at={run.startedAt ?? run.createdAt} />
      </td>
    </tr>
  );
}

function bestOf(items: readonly RunSummary[], column: RunList['metrics'][number]): number | null {
  const values = items.map((run) => run.metrics[column.name]).filter((value) => typeof value === 'number');
  if (column.direction === null || values.length < 2) return null;
  return column.direction === 'lower' ? Math.min(...values) : Math.max(...values);
}

function sortState(model: TabModel, by: string): 'ascending' | 'descending' | undefined {
  const { by: current, order } = model.sort.value;
  if (current !== by) return undefined;
  return order === 'asc' ? 'ascending' : 'descending';
}
