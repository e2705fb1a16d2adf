import type { ComponentChildren } from 'preact';
import type { RunList, RunSummary } from '../../../contract/run.ts';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { arrowDownIcon, arrowUpIcon, gitCompareIcon } from '../../components/icons.ts';
import { pageLanguage } from '../../format/language.ts';
import { countFormat, metricFormat } from '../../format/number.ts';
import { hashOf } from './route.ts';
import { onRunKey } from './run-keys.ts';
import { RunRow } from './run-row.tsx';
import type { TabModel } from './tab-model.ts';

/** More columns than these do not fit beside the rest. */
const shownMetrics = 4;

/** Runs as rows: the best of a column bold, a broken gate with a cross, a row without metrics says why. */
export function RunTable({ list, model }: { list: RunList; model: TabModel }) {
  const columns = list.metrics.slice(0, shownMetrics);
  const language = pageLanguage();
  const formats = new Map(
    columns.map(({ name }) => [
      name,
      metricFormat(
        list.items.map((run) => run.metrics[name]),
        language,
      ),
    ]),
  );
  const best = new Map(columns.map((column) => [column.name, bestOf(list.items, column)]));
  const number = countFormat(language);
  const curves = list.items.some((run) => run.curve.length > 1);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys for what stands inside, each also a link or a checkbox
    <div class="dbx-card" onKeyDown={(event) => onRunKey(event, model)}>
      <Selection model={model} />
      <table class="dbx-table dbx-run-table">
        <thead>
          <tr>
            <th class="dbx-run-select">
              <span class="dbx-visually-hidden">Compare</span>
            </th>
            <th>Run</th>
            <th>Branch or pull request</th>
            <th>By</th>
            {columns.map(({ name, direction }) => (
              <th key={name} class="dbx-end" aria-sort={sortedBy(model, name, direction)}>
                <SortButton by={name} model={model} title={`Sort by ${name}, best first`}>
                  {name}
                  {direction && (
                    <Icon
                      of={direction === 'lower' ? arrowDownIcon : arrowUpIcon}
                      size={12}
                      label={`${direction} is better`}
                    />
                  )}
                </SortButton>
              </th>
            ))}
            {curves && <th>Curve</th>}
            <th class="dbx-end">Took</th>
            <th class="dbx-end" aria-sort={sortedBy(model, 'started', 'higher')}>
              <SortButton by="started" model={model} title="Newest first">
                Started
              </SortButton>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.items.map((run) => (
            <RunRow key={run.id} {...{ run, columns, formats, best, curves, model }} />
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
        <span class="dbx-light dbx-keys">
          <kbd>j</kbd> <kbd>k</kbd> move <kbd>x</kbd> select <kbd>Enter</kbd> open <kbd>c</kbd> compare
        </span>
      </div>
    </div>
  );
}

/** What is marked, and what to do with it. */
function Selection({ model }: { model: TabModel }) {
  const ids = model.selected.value;
  if (ids.length === 0) return null;
  return (
    <div class="dbx-selection" role="status">
      <b>{ids.length === 1 ? '1 run selected' : `${ids.length} runs selected`}</b>
      {ids.length > 1 && (
        <Button
          tone="primary"
          icon={gitCompareIcon}
          onClick={() => {
            location.hash = hashOf({ view: 'compare', ids: [...ids] });
          }}
        >
          Compare
        </Button>
      )}
      <Button
        onClick={() => {
          model.selected.value = [];
        }}
      >
        Clear
      </Button>
      {ids.length === 1 && <span class="dbx-light dbx-small">Select another one to compare them.</span>}
    </div>
  );
}

function SortButton(props: { by: string; model: TabModel; title: string; children: ComponentChildren }) {
  const { by, model } = props;
  const active = model.sort.value === by;
  return (
    <button
      type="button"
      class={active ? 'dbx-plain dbx-sort dbx-sort-active' : 'dbx-plain dbx-sort'}
      title={props.title}
      onClick={() => model.sortBy(by)}
    >
      {props.children}
    </button>
  );
}

function bestOf(items: readonly RunSummary[], column: RunList['metrics'][number]): number | null {
  const values = items.map((run) => run.metrics[column.name]).filter((value) => typeof value === 'number');
  if (column.direction === null || values.length < 2) return null;
  return column.direction === 'lower' ? Math.min(...values) : Math.max(...values);
}

/** Best first: what is better when higher goes down the page. */
function sortedBy(
  model: TabModel,
  by: string,
  direction: RunList['metrics'][number]['direction'],
): 'ascending' | 'descending' | undefined {
  if (model.sort.value !== by) return undefined;
  return direction === 'higher' ? 'descending' : 'ascending';
}
