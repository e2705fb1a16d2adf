import type { Hold, Release } from '../../../contract/release.ts';
import { PermittedButton } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { lockIcon } from '../../components/icons.ts';
import { Time } from '../../components/time.tsx';
import type { TabModel } from './tab-model.ts';

/** Automatic promotion is on hold: since when, by whom, why, and the way out. */
export function HoldNotice({ hold, list, model }: { hold: Hold; list: Release[]; model: TabModel }) {
  const release = list.find((entry) => entry.id === hold.release);
  const lift = model.releases.data.value?.lift ?? { allowed: false, code: '', reason: '' };
  const refused = model.acts.now.value.state === 'refused' ? model.acts.now.value.problem.message : null;
  return (
    <div class="dbx-hold" role="status">
      <Icon of={lockIcon} size={20} />
      <p>
        <b>Automatic promotion is on hold.</b> {hold.by.name}{' '}
        {release ? `rolled back v${release.fromVersion} to v${release.toVersion}` : 'rolled back'}{' '}
        <Time at={hold.since} />
        {hold.reason ? `: “${hold.reason}”` : ''}. Merges still train.{refused && <b>{` ${refused}`}</b>}
      </p>
      <PermittedButton
        id="dbx-lift"
        permission={lift}
        busy={model.acts.now.value.state === 'running'}
        onClick={() => void model.liftHold(release?.model ?? list[0]?.model ?? '')}
      >
        Lift the hold
      </PermittedButton>
    </div>
  );
}
