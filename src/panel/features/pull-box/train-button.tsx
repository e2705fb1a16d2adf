import type { PullView } from '../../../contract/pull.ts';
import { PermittedButton } from '../../components/button.tsx';
import { syncIcon } from '../../components/icons.ts';
import type { PullModel } from '../../models/pull-model.ts';

/** A commit that was trained is tried again as its next attempt, or anew where it may not be. */
export function TrainButton({ view, model }: { view: PullView; model: PullModel }) {
  if (view.state !== 'open') return null;
  const retry = view.run !== null && view.actions.retry.allowed;
  return (
    <PermittedButton
      id="dbx-train"
      permission={retry ? view.actions.retry : view.actions.train}
      icon={syncIcon}
      busy={model.isBusy('train') || model.isBusy('retry')}
      onClick={() => void (retry ? model.retry() : model.train())}
    >
      {view.run === null ? 'Train this commit' : 'Train again'}
    </PermittedButton>
  );
}
