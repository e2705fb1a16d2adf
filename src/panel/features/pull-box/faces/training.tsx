import { useState } from 'preact/hooks';
import type { RunState } from '../../../../contract/run.ts';
import { ButtonLink, PermittedButton } from '../../../components/button.tsx';
import { useNow } from '../../../components/clock.ts';
import { linkExternalIcon, runningIcon, stopIcon } from '../../../components/icons.ts';
import { later } from '../../../components/later.tsx';
import { Person } from '../../../components/person.tsx';
import { Sparkline } from '../../../components/sparkline.tsx';
import { TaskList } from '../../../components/task-list.tsx';
import { pageLanguage } from '../../../format/language.ts';
import { roughDuration } from '../../../format/rough-time.ts';
import { durationText } from '../../../format/time.ts';
import { adoptStyle } from '../../../style/adopt.ts';
import { expectedDuration } from '../estimates.ts';
import { RunLink } from '../run-link.tsx';
import { Sentence } from '../sentence.tsx';
import type { Face, FaceProps } from './face.ts';
import css from './training.css?inline';

adoptStyle(css);

/** A run on its way, from the queue to the verdict. */
export const training: Face = {
  title: (view) => ({
    icon: runningIcon,
    tone: 'wait',
    title: titles[view.run?.state ?? 'running'] ?? 'Training',
    subtitle: `${view.head.slice(0, 10)} on Databricks`,
  }),
  Body,
  Aside: Elapsed,
  Origin,
  Buttons,
};

const titles: Partial<Record<RunState, string>> = {
  queued: 'Training is queued',
  uploading: 'Uploading the commit',
  submitted: 'Training starts',
  evaluating: 'Evaluating',
};

const CancelDialog = later(async () => (await import('./cancel-dialog.tsx')).CancelDialog);

function Body({ view }: FaceProps) {
  const { run } = view;
  if (run === null) return null;
  if (view.tasks.length === 0) return <Sentence text={run.stateReason ?? 'No task has started yet.'} />;
  return (
    <TaskList
      tasks={view.tasks}
      startedAt={run.startedAt ?? run.createdAt}
      expected={expectedDuration(view)}
      progress={<Progress curve={run.curve} metric={view.primary} />}
    />
  );
}

/** The primary metric so far, beside the running task. */
function Progress({ curve, metric }: { curve: readonly number[]; metric: string | null }) {
  const last = curve.at(-1);
  if (last === undefined) return null;
  const name = metric ?? 'primary metric';
  return (
    <span class="dbx-progress">
      {name} {last.toLocaleString(pageLanguage(), { maximumSignificantDigits: 3 })}
      <Sparkline values={curve} width={82} height={18} label={`${name} so far`} />
    </span>
  );
}

function Origin({ view: { run }, links }: FaceProps) {
  if (run === null) return null;
  return (
    <>
      <RunLink run={run} links={links} />
      {run.actor !== null && (
        <span class="dbx-started-by">
          started by <Person person={run.actor} />
          {run.trigger === 'pull-request' && 'with this push'}
        </span>
      )}
    </>
  );
}

function Elapsed({ view }: FaceProps) {
  const now = useNow(1_000);
  if (view.run === null) return null;
  const elapsed = now.getTime() - Date.parse(view.run.startedAt ?? view.run.createdAt);
  const expected = expectedDuration(view);
  return (
    <span class="dbx-elapsed">
      {durationText(elapsed)}
      {expected !== null && elapsed < expected * 1.5 && (
        <span class="dbx-when-wide"> of about {roughDuration(expected)}</span>
      )}
    </span>
  );
}

function Buttons({ view, model }: FaceProps) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      {view.databricksUrl !== null && (
        <ButtonLink href={view.databricksUrl} icon={linkExternalIcon}>
          Open in Databricks
        </ButtonLink>
      )}
      <PermittedButton
        id="dbx-cancel"
        permission={view.actions.cancel}
        icon={stopIcon}
        busy={model.isBusy('cancel')}
        onClick={() => setAsking(true)}
      >
        Cancel training
      </PermittedButton>
      {asking && view.run !== null && (
        <CancelDialog
          number={view.run.number}
          onClose={() => setAsking(false)}
          onConfirm={() => {
            setAsking(false);
            void model.cancel();
          }}
        />
      )}
    </>
  );
}
