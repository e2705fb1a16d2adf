import { Notice } from '../../components/states.tsx';
import type { PullModel } from '../../models/pull-model.ts';

const refused = {
  train: 'Training was not started.',
  retry: 'Training was not started.',
  cancel: 'The run was not cancelled.',
};

/** Why an act was refused, where it was asked for: what is true now, then the backend's reason. */
export function Refusal({ model }: { model: PullModel }) {
  const now = model.acts.now.value;
  if (now.state !== 'refused') return null;
  return (
    <Notice
      tone="error"
      action={
        <button type="button" class="dbx-plain" onClick={() => model.acts.dismiss()}>
          Dismiss
        </button>
      }
    >
      {refused[now.what]} {now.problem.message}
    </Notice>
  );
}
