import type { PullView } from '../../../contract/pull.ts';
import { Emphasis } from '../../components/emphasis.tsx';
import { Icon } from '../../components/icon.tsx';
import { shieldLockIcon } from '../../components/icons.ts';
import { MetricStrip } from '../../components/metric-strip.tsx';
import { Sparkline } from '../../components/sparkline.tsx';
import { Commit } from '../../components/states.tsx';
import { TaskList } from '../../components/task-list.tsx';
import { pageLanguage } from '../../format/language.ts';
import { metricFormat } from '../../format/number.ts';
import { boxState, expectedDuration } from './box-state.ts';
import { ErrorTrace } from './error-trace.tsx';
import type { BoxLinks } from './index.tsx';

/** Reason and numbers, below the title. With the details open the table takes the strip's place. */
export function BoxBody({ view, open, links }: { view: PullView; open: boolean; links: BoxLinks }) {
  switch (boxState(view)) {
    case 'judged':
      return <Judged view={view} open={open} />;
    case 'training':
      return <Training view={view} />;
    case 'failed':
      return <Failed view={view} />;
    case 'waiting':
      return <Waiting view={view} links={links} />;
    default:
      return <Sentence text={view.run?.stateReason ?? quietReason(view)} />;
  }
}

function quietReason(view: PullView): string | null {
  if (view.run === null) return view.notes.length > 0 ? null : 'No run of this commit yet.';
  if (view.run.state === 'succeeded') return 'The run ended, but there is no verdict on it.';
  return null;
}

function Sentence({ text, names = [] }: { text: string | null; names?: readonly string[] }) {
  if (text === null || text === '') return null;
  return (
    <p class="dbx-sentence">
      <Emphasis text={text} names={names} />
    </p>
  );
}

function Judged({ view, open }: { view: PullView; open: boolean }) {
  const { verdict } = view;
  if (verdict === null) return null;
  return (
    <>
      <Sentence text={verdict.summary} names={verdict.metrics.map((row) => row.metric)} />
      {!open && verdict.metrics.length > 0 && <MetricStrip rows={verdict.metrics} />}
    </>
  );
}

function Training({ view }: { view: PullView }) {
  const { run } = view;
  if (run === null) return null;
  if (view.tasks.length === 0) return <Sentence text={run.stateReason ?? waitTexts[run.state] ?? null} />;
  return (
    <TaskList
      tasks={view.tasks}
      startedAt={run.startedAt ?? run.createdAt}
      expected={expectedDuration(view)}
      progress={<Progress curve={run.curve} metric={view.primary} />}
    />
  );
}

const waitTexts: Partial<Record<string, string>> = {
  queued: 'The run waits for its turn.',
  uploading: 'The commit’s files go to the workspace.',
  submitted: 'Databricks has the run; its first task has not started.',
  running: 'The run is on its way.',
  evaluating: 'The run ended; its metrics are being read.',
};

/** The primary metric so far, beside the running task. */
function Progress({ curve, metric }: { curve: readonly number[]; metric: string | null }) {
  const last = curve.at(-1);
  if (last === undefined) return null;
  const name = metric ?? 'primary metric';
  return (
    <span class="dbx-progress">
      {name} {metricFormat([last], pageLanguage())(last)}
      <Sparkline values={curve} width={82} height={18} label={`${name} so far`} />
    </span>
  );
}

function Failed({ view }: { view: PullView }) {
  const reason = view.error?.message ?? view.run?.stateReason ?? null;
  const trace = view.error?.trace ?? null;
  return (
    <>
      <Sentence
        text="No result, so there is no verdict: databricks/train stays red until a run succeeds."
        names={['databricks/train']}
      />
      {trace !== null ? <ErrorTrace trace={trace} /> : reason !== null && <ErrorTrace trace={reason} />}
      {view.run !== null && view.tasks.length > 0 && (
        <div class="dbx-tasks-frame">
          <TaskList tasks={view.tasks} startedAt={view.run.startedAt ?? view.run.createdAt} />
        </div>
      )}
    </>
  );
}

function Waiting({ view, links }: { view: PullView; links: BoxLinks }) {
  return (
    <div class="dbx-sentence">
      <p>
        Training runs this fork's code on Databricks. Look at the changes first. The approval holds for{' '}
        <Commit sha={view.head} href={links.commit(view.head)} /> alone; a new push asks again.
      </p>
      <p class="dbx-light dbx-small">
        <Icon of={shieldLockIcon} /> It runs under the fork's own weak principal: it cannot register or
        release a model.
      </p>
    </div>
  );
}
