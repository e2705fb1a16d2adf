import type { ComponentChildren, ComponentType } from 'preact';
import type { PullView } from '../../../../contract/pull.ts';
import type { IconShape } from '../../../components/icon.tsx';
import type { PullModel } from '../../../models/pull-model.ts';
import type { BoxState } from '../box-state.ts';
import type { BoxLinks } from '../links.ts';

export interface FaceProps {
  view: PullView;
  model: PullModel;
  links: BoxLinks;
}

/** What the title says: the verdict or what goes on, then what it is about. */
export interface Title {
  icon: IconShape;
  tone: 'pass' | 'fail' | 'wait' | 'quiet';
  title: ComponentChildren;
  subtitle: ComponentChildren;
}

/** How the box looks in one of its states. */
export interface Face {
  title(view: PullView): Title;
  /** Reason and numbers. */
  Body: ComponentType<FaceProps>;
  /** What stands at the end of the title's line, beside the way to the details. */
  Aside?: ComponentType<FaceProps>;
  /** Where this comes from; without, it is the run, how long it took and when. */
  Origin?: ComponentType<FaceProps>;
  /** What can be done, at the end of the last line. */
  Buttons: ComponentType<FaceProps>;
}

/**
 * A pull request is in one state at a time, so each face is a chunk of its own and a page loads one. The box
 * with any of them stays below 30 kB gzipped (build/sizes.ts).
 */
export function loadFace(state: BoxState): Promise<Face> {
  switch (state) {
    case 'judged':
      return import('./judged.tsx').then((module) => module.judged);
    case 'no-baseline':
      return import('./no-baseline.tsx').then((module) => module.noBaseline);
    case 'training':
      return import('./training.tsx').then((module) => module.training);
    case 'failed':
      return import('./failed.tsx').then((module) => module.failed);
    case 'waiting':
      return import('./waiting.tsx').then((module) => module.waiting);
    default:
      return import('./idle.tsx').then((module) => module.idle);
  }
}
