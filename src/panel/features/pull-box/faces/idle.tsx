import type { PullView } from '../../../../contract/pull.ts';
import { circleIcon, questionIcon, skipIcon } from '../../../components/icons.ts';
import { Sentence } from '../sentence.tsx';
import { TrainButton } from '../train-button.tsx';
import type { Face } from './face.ts';

/** No run, one that was stopped, or one without a verdict: a title, a reason, and the way on. */
export const idle: Face = {
  title: (view) => {
    const [icon, title] = says(view);
    return { icon, tone: 'quiet', title, subtitle: view.head.slice(0, 10) };
  },
  Body: ({ view }) => <Sentence text={reason(view)} />,
  Buttons: ({ view, model }) => <TrainButton view={view} model={model} />,
};

function says({ run }: PullView) {
  if (run === null) return [circleIcon, 'Not trained'] as const;
  if (run.state === 'superseded') return [skipIcon, 'Training was superseded'] as const;
  if (run.state === 'cancelled') return [skipIcon, 'Training was cancelled'] as const;
  return [questionIcon, 'Trained, not judged'] as const;
}

function reason({ run, notes }: PullView): string {
  if (run === null) return notes.length > 0 ? '' : 'No run of this commit yet.';
  return (
    run.stateReason ?? (run.state === 'succeeded' ? 'The run ended, but there is no verdict on it.' : '')
  );
}
