import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { Empty, Notice, Skeleton } from '../../components/states.tsx';
import { beakerIcon, searchIcon } from './icons.ts';
import { RunTable } from './run-table.tsx';
import type { TabModel } from './tab-model.ts';

/** What the filter offers: the API's states, those that mean the same to a reader together. */
const states = [
  ['', 'All states'],
  ['queued,uploading,submitted,running,evaluating', 'Under way'],
  ['waiting', 'Waiting for approval'],
  ['succeeded', 'Succeeded'],
  ['failed,timed-out', 'Failed'],
  ['cancelled', 'Cancelled'],
  ['superseded', 'Superseded'],
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
            placeholder="Title, run number or commit"
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
      {problem !== null && (
        <Notice
          tone="warning"
          action={
            <button type="button" class="dbx-plain" onClick={() => model.refresh()}>
              Try now
            </button>
          }
        >
          {problem.message}
        </Notice>
      )}
      {list === null ? (
        problem === null && <Skeleton rows={8} label="Loading runs" />
      ) : list.items.length > 0 ? (
        <RunTable list={list} model={model} />
      ) : filtered ? (
        <Empty icon={beakerIcon} title="No run matches">
          <Button onClick={() => model.search({ query: '', state: '' })}>Clear the filter</Button>
        </Empty>
      ) : (
        <Empty icon={beakerIcon} title="No runs yet">
          A push to the default branch, or a pull request that changes the configured paths, starts one.
        </Empty>
      )}
    </>
  );
}
