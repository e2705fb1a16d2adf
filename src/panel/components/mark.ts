import type { IconShape } from './icon.tsx';

/** How a state looks: never by colour alone. */
export interface Mark {
  icon: IconShape;
  tone: 'pass' | 'fail' | 'wait' | 'quiet';
  /** In words: "Training", "Superseded". */
  text: string;
}
