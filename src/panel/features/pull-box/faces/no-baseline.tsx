import { questionIcon } from '../../../components/icons.ts';
import type { Face } from './face.ts';
import { judged } from './judged.tsx';

/** A run with a verdict that could not compare: no pass, and not drawn as one. */
export const noBaseline: Face = {
  ...judged,
  title: (view) => ({ ...judged.title(view), icon: questionIcon, tone: 'quiet' }),
};
