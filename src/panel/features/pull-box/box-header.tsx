import { Icon } from '../../components/icon.tsx';
import { boxState } from './box-state.ts';
import type { Face, FaceProps } from './faces/face.ts';

/** The title is the verdict; beside it what it is about, at the end the way to more. */
export function BoxHeader({ face, view, model, links }: FaceProps & { face: Face }) {
  const { icon, tone, title, subtitle } = face.title(view);
  const details = boxState(view) !== 'training' && (view.verdict !== null || view.runs.length > 0);
  const open = model.open.value !== null;
  const toggle = () => {
    model.open.value = open ? null : view.verdict === null ? 'runs' : 'metrics';
  };
  return (
    <h4 class="ui top attached header dbx-head">
      <Icon of={icon} class={`dbx-tone-${tone}`} size={18} />
      <span class="dbx-head-text" aria-live="polite">
        <b>{title}</b> <span class="dbx-subtitle">{subtitle}</span>
      </span>
      <span class="dbx-head-end">
        {face.Aside && <face.Aside view={view} model={model} links={links} />}
        {details && (
          <button type="button" class="btn interact-fg dbx-plain" aria-expanded={open} onClick={toggle}>
            {open ? 'Hide details' : 'Show details'}
          </button>
        )}
      </span>
    </h4>
  );
}
