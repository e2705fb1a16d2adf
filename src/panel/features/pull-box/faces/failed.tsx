import type { ComponentChildren } from 'preact';
import type { PullView } from '../../../../contract/pull.ts';
import { ButtonLink } from '../../../components/button.tsx';
import { linkExternalIcon, xCircleFillIcon } from '../../../components/icons.ts';
import { TaskList } from '../../../components/task-list.tsx';
import { durationText } from '../../../format/time.ts';
import { adoptStyle } from '../../../style/adopt.ts';
import { Sentence } from '../sentence.tsx';
import { TrainButton } from '../train-button.tsx';
import { ErrorTrace } from './error-trace.tsx';
import type { Face, FaceProps } from './face.ts';
import css from './failed.css?inline';

adoptStyle(css);

/** A run without a result: which task failed, and the end of its trace. */
export const failed: Face = {
  title: (view) => ({ icon: xCircleFillIcon, tone: 'fail', title: titleOf(view), subtitle: afterOf(view) }),
  Body,
  Aside: ({ view }) => (
    <a class="dbx-small" href={view.run?.url}>
      Full log
    </a>
  ),
  Buttons: ({ view, model }) => (
    <>
      {view.databricksUrl !== null && (
        <ButtonLink href={view.databricksUrl} icon={linkExternalIcon}>
          Open in Databricks
        </ButtonLink>
      )}
      <TrainButton view={view} model={model} />
    </>
  ),
};

function titleOf(view: PullView): ComponentChildren {
  if (view.run?.state === 'timed-out') return 'Training timed out';
  const task = view.error?.task ?? null;
  if (task === null) return 'Training failed';
  return (
    <>
      Training failed in task <code>{task}</code>
    </>
  );
}

function afterOf({ head, run }: PullView): string {
  const sha = head.slice(0, 10);
  if (run?.startedAt == null || run.endedAt === null) return sha;
  return `${sha}, after ${durationText(Date.parse(run.endedAt) - Date.parse(run.startedAt))}`;
}

function Body({ view }: FaceProps) {
  const trace = view.error?.trace ?? view.error?.message ?? view.run?.stateReason ?? null;
  return (
    <>
      <Sentence
        text="No result, so there is no verdict: databricks/train stays red until a run succeeds."
        names={['databricks/train']}
      />
      {trace !== null && <ErrorTrace trace={trace} />}
      {view.run !== null && view.tasks.length > 0 && (
        <div class="dbx-tasks-frame">
          <TaskList tasks={view.tasks} startedAt={view.run.startedAt ?? view.run.createdAt} />
        </div>
      )}
    </>
  );
}
