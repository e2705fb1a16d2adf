import { useEffect, useMemo } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Icon } from '../../components/icon.tsx';
import {
  alertIcon,
  checkCircleFillIcon,
  historyIcon,
  lockIcon,
  runningIcon,
  xCircleFillIcon,
} from '../../components/icons.ts';
import { Notice, Skeleton } from '../../components/states.tsx';
import type { PanelContext } from '../../panel-context.ts';
import { adoptStyle } from '../../style/adopt.ts';
import { rocketIcon } from '../tab/icons.ts';
import type { ReleaseTarget } from '../tab/tab-model.ts';
import { Plan } from './plan.tsx';
import { Progress } from './progress.tsx';
import css from './release.css?inline';
import { ReleaseModel } from './release-model.ts';

export interface ReleaseDialogProps {
  context: PanelContext;
  target: ReleaseTarget;
  onClose: () => void;
  /** Plans something else in place of what this dialog shows. */
  onTarget: (target: ReleaseTarget) => void;
}

/** One dialog from the plan to the result: what will happen, what happens, what is true now. */
export function ReleaseDialog(props: ReleaseDialogProps) {
  const { context, target, onClose, onTarget } = props;
  const abort = useMemo(() => new AbortController(), []);
  const model = useMemo(() => {
    adoptStyle(css);
    return new ReleaseModel(context.api, context.live, target, abort.signal);
  }, [context, target, abort]);
  useEffect(() => () => abort.abort(), [abort]);

  const plan = model.plan.value;
  const release = model.release.value;
  const problem = model.problem.value;
  return (
    <Dialog
      width={640}
      onClose={onClose}
      title={<Title model={model} target={target} />}
      footer={<Footer {...{ model, target, onClose, onTarget }} />}
    >
      {problem !== null && <Notice tone="error">{problem.message}</Notice>}
      {model.outdated.value && (
        <Notice tone="warning">
          Something changed since you looked. <b>Nothing was done.</b> This is the fresh plan.
        </Notice>
      )}
      {release !== null ? (
        <>
          <Progress release={release} />
          {release.state === 'succeeded' && release.kind === 'rollback' && <AfterRollback model={model} />}
        </>
      ) : plan !== null ? (
        <Plan plan={plan} model={model} link={context.page.repository.link} />
      ) : (
        problem === null && <Skeleton rows={6} label="Reading what would happen" />
      )}
    </Dialog>
  );
}

/** Merges stop promoting until somebody lifts the hold: here is the place to say so and to do it. */
function AfterRollback({ model }: { model: ReleaseModel }) {
  return (
    <p class="dbx-after">
      <Icon of={lockIcon} />
      <span>
        {model.lifted.value
          ? 'The hold is lifted: merges promote again.'
          : 'Automatic promotion is on hold: merges train, but promote nothing.'}
      </span>
      {!model.lifted.value && (
        <Button busy={model.busy.value === 'lift'} onClick={() => void model.liftHold()}>
          Lift the hold
        </Button>
      )}
    </p>
  );
}

function Title({ model, target }: { model: ReleaseModel; target: ReleaseTarget }) {
  const release = model.release.value;
  const noun = target.kind === 'rollback' ? 'Rollback' : 'Promotion';
  const [icon, tone, text] = (() => {
    const plannedIcon = target.kind === 'rollback' ? historyIcon : rocketIcon;
    const name = model.plan.value?.name ?? target.model;
    if (release === null) {
      const verb = target.kind === 'rollback' ? 'Roll back' : 'Promote';
      const words =
        target.kind === 'rollback'
          ? `${verb} ${name} to v${target.toVersion}`
          : `${verb} v${target.toVersion} of ${name}`;
      return [plannedIcon, 'plain', words] as const;
    }
    switch (release.state) {
      case 'running':
        return [runningIcon, 'wait', `${noun} to v${release.toVersion} …`] as const;
      case 'succeeded':
        return [checkCircleFillIcon, 'pass', `v${release.toVersion} is in production`] as const;
      case 'partial':
        return [alertIcon, 'fail', `${noun} is half done`] as const;
      case 'failed':
        return [xCircleFillIcon, 'fail', `${noun} failed, nothing changed`] as const;
      case 'undone':
        return [historyIcon, 'quiet', `${noun} was undone`] as const;
    }
  })();
  return (
    <span class="dbx-inline">
      <Icon of={icon} class={`dbx-tone-${tone}`} /> {text}
    </span>
  );
}

function Footer({
  model,
  target,
  onClose,
  onTarget,
}: Omit<ReleaseDialogProps, 'context'> & { model: ReleaseModel }) {
  const release = model.release.value;
  const plan = model.plan.value;
  const busy = model.busy.value;
  if (release?.state === 'partial') {
    return (
      <>
        {release.fromVersion !== null && (
          <Button icon={historyIcon} busy={busy === 'undo'} onClick={() => void model.resolve('undo')}>
            {`Undo: back to v${release.fromVersion}`}
          </Button>
        )}
        <Button tone="primary" busy={busy === 'finish'} onClick={() => void model.resolve('finish')}>
          {`Finish: on to v${release.toVersion}`}
        </Button>
      </>
    );
  }
  if (release?.state === 'succeeded' && release.fromVersion !== null) {
    const back = release.fromVersion;
    const kind = release.kind === 'rollback' ? 'promotion' : 'rollback';
    return (
      <>
        <Button
          icon={historyIcon}
          onClick={() => onTarget({ model: release.model, kind, toVersion: back, release: null })}
        >
          {`Undo: back to v${back}`}
        </Button>
        <Button tone="primary" onClick={onClose}>
          Close
        </Button>
      </>
    );
  }
  if (release !== null) {
    return <Button onClick={onClose}>{release.state === 'running' ? 'Close, it goes on' : 'Close'}</Button>;
  }
  const flight =
    plan === null ? '' : plan.inFlight.length === 0 ? 'Nothing else is in flight.' : plan.inFlight.join('. ');
  const blocked = plan !== null && plan.blocked.length > 0;
  return (
    <>
      <span class="dbx-light dbx-small dbx-flight">{flight}</span>
      <Button onClick={onClose}>Cancel</Button>
      <Button
        tone={target.kind === 'rollback' ? 'red' : 'primary'}
        icon={target.kind === 'rollback' ? historyIcon : rocketIcon}
        disabled={plan === null || blocked}
        busy={busy === 'start'}
        describedBy={blocked ? 'dbx-blocked' : undefined}
        onClick={() => void model.confirm()}
      >
        {target.kind === 'rollback' ? `Roll back to v${target.toVersion}` : `Promote v${target.toVersion}`}
      </Button>
    </>
  );
}
