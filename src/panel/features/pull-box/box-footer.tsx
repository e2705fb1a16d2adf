import { useState } from 'preact/hooks';
import type { PullView } from '../../../contract/pull.ts';
import { ButtonLink, PermittedButton } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import {
  fileIcon,
  gitCompareIcon,
  infoIcon,
  linkExternalIcon,
  playIcon,
  stopIcon,
  syncIcon,
} from '../../components/icons.ts';
import { Person } from '../../components/person.tsx';
import { Commit } from '../../components/states.tsx';
import { Time, Took } from '../../components/time.tsx';
import type { PullModel } from '../../models/pull-model.ts';
import { baselineName, boxState } from './box-state.ts';
import { CancelDialog } from './cancel-dialog.tsx';
import type { BoxLinks } from './index.tsx';

interface Props {
  view: PullView;
  model: PullModel;
  links: BoxLinks;
}

/** What a merge will do, where the numbers come from, and what can be done. */
export function BoxFooter({ view, model, links }: Props) {
  return (
    <>
      {view.promotion !== null && (
        <p class="dbx-promotion">
          <Icon of={infoIcon} /> {view.promotion}
        </p>
      )}
      <div class="dbx-foot">
        <Provenance view={view} links={links} />
        <div class="dbx-foot-end">
          <Buttons view={view} model={model} links={links} />
        </div>
      </div>
    </>
  );
}

function Provenance({ view, links }: { view: PullView; links: BoxLinks }) {
  const { run } = view;
  if (run === null || boxState(view) === 'waiting') {
    return (
      <span class="dbx-provenance">
        {view.fork ? 'Anyone with write access to this repository can approve.' : ''}
      </span>
    );
  }
  const ended = run.endedAt;
  return (
    <span class="dbx-provenance">
      <span>
        <a href={run.url}>Run {run.number}</a> of <Commit sha={run.commit} href={links.commit(run.commit)} />
      </span>
      {ended !== null && run.startedAt !== null && (
        <span>
          took <Took from={run.startedAt} until={ended} />
        </span>
      )}
      {ended !== null ? (
        <Time at={ended} />
      ) : (
        run.actor !== null && (
          <span class="dbx-started-by">
            started by <Person person={run.actor} /> {triggerTexts[run.trigger]}
          </span>
        )
      )}
    </span>
  );
}

const triggerTexts = {
  push: 'with a push',
  'pull-request': 'with this push',
  manual: 'by hand',
  retry: 'again',
};

function Buttons({ view, model, links }: Props) {
  const state = boxState(view);
  const busy = (what: 'train' | 'retry' | 'cancel') => {
    const now = model.acts.now.value;
    return now.state === 'running' && now.what === what;
  };
  const databricks = view.databricksUrl !== null && (
    <ButtonLink href={view.databricksUrl} icon={linkExternalIcon}>
      Open in Databricks
    </ButtonLink>
  );
  if (state === 'training') {
    return (
      <>
        {databricks}
        <CancelButton view={view} model={model} busy={busy('cancel')} />
      </>
    );
  }
  if (state === 'waiting') {
    return (
      <>
        <ButtonLink href={links.files} icon={fileIcon}>
          Look at the changes
        </ButtonLink>
        <PermittedButton
          id="dbx-train"
          permission={view.actions.train}
          tone="primary"
          icon={playIcon}
          busy={busy('train')}
          onClick={() => void model.train()}
        >
          Approve and train
        </PermittedButton>
      </>
    );
  }
  const baseline = baselineName(view);
  const compared = view.verdict?.baseline.run ?? null;
  return (
    <>
      {state === 'failed' && databricks}
      {view.run !== null && baseline !== null && compared !== null && (
        <ButtonLink href={links.compare(compared, view.run.id)} icon={gitCompareIcon}>
          Compare with {baseline.short}
        </ButtonLink>
      )}
      {view.state === 'open' && (
        <TrainButton view={view} model={model} busy={busy('train') || busy('retry')} />
      )}
    </>
  );
}

/** A commit that was trained is tried again as its next attempt; one that was not is trained. */
function TrainButton({ view, model, busy }: { view: PullView; model: PullModel; busy: boolean }) {
  const again = view.run !== null;
  const retry = again && view.actions.retry.allowed;
  return (
    <PermittedButton
      id="dbx-train"
      permission={retry ? view.actions.retry : view.actions.train}
      icon={again ? syncIcon : playIcon}
      tone={again ? 'plain' : 'primary'}
      busy={busy}
      onClick={() => void (retry ? model.retry() : model.train())}
    >
      {again ? 'Train again' : 'Train this commit'}
    </PermittedButton>
  );
}

function CancelButton({ view, model, busy }: { view: PullView; model: PullModel; busy: boolean }) {
  const [asking, setAsking] = useState(false);
  const { cancel } = view.actions;
  return (
    <>
      <PermittedButton
        id="dbx-cancel"
        permission={cancel}
        icon={stopIcon}
        busy={busy}
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
