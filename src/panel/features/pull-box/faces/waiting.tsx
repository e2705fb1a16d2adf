import { ButtonLink, PermittedButton } from '../../../components/button.tsx';
import { Commit } from '../../../components/commit.tsx';
import { Icon } from '../../../components/icon.tsx';
import { dotFillIcon, fileIcon, playIcon, shieldLockIcon } from '../../../components/icons.ts';
import type { Face, FaceProps } from './face.ts';

/** A fork's commit: somebody with write access has to look at it before it runs. */
export const waiting: Face = {
  title: () => ({
    icon: dotFillIcon,
    tone: 'wait',
    title: 'Training waits for approval',
    subtitle: 'pull request from a fork',
  }),
  Body,
  Origin: () => <>Anyone with write access to this repository can approve.</>,
  Buttons,
};

function Body({ view, links }: FaceProps) {
  return (
    <div class="dbx-sentence">
      <p>
        Training runs this fork's code on Databricks. Look at the changes first. The approval holds for{' '}
        <Commit sha={view.head} href={links.commit(view.head)} /> alone; a new push asks again.
      </p>
      <p class="dbx-light dbx-small">
        <Icon of={shieldLockIcon} /> It runs under the forks' own principal: it cannot register or release a
        model.
      </p>
    </div>
  );
}

function Buttons({ view, model, links }: FaceProps) {
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
        busy={model.isBusy('train')}
        onClick={() => void model.train()}
      >
        Approve and train
      </PermittedButton>
    </>
  );
}
