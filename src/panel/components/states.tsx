import type { ComponentChildren } from 'preact';
import { adoptStyle } from '../style/adopt.ts';
import type { IconShape } from './icon.tsx';
import { Icon } from './icon.tsx';
import { alertIcon, infoIcon, xCircleFillIcon } from './icons.ts';
import css from './states.css?inline';

adoptStyle(css);

/** Nothing to show yet, in Gitea's own look: what is missing, and the way on. */
export function Empty({
  icon,
  title,
  children,
}: {
  icon: IconShape;
  title: string;
  children?: ComponentChildren;
}) {
  return (
    <div class="empty-placeholder dbx-empty">
      <Icon of={icon} size={48} />
      <h2>{title}</h2>
      {children && <p>{children}</p>}
    </div>
  );
}

const noticeIcons = { info: infoIcon, warning: alertIcon, error: xCircleFillIcon };

/** One line that a reader must know: what is true now, then the way on. */
export function Notice(props: {
  tone: 'info' | 'warning' | 'error';
  icon?: IconShape;
  children: ComponentChildren;
  action?: ComponentChildren;
}) {
  return (
    <div class={`dbx-notice dbx-notice-${props.tone}`} role={props.tone === 'error' ? 'alert' : 'status'}>
      <Icon of={props.icon ?? noticeIcons[props.tone]} />
      <span class="dbx-notice-text">{props.children}</span>
      {props.action}
    </div>
  );
}

/** A small word in a frame: a version, an alias, a count. */
export function Badge({
  children,
  tone = 'plain',
}: {
  children: ComponentChildren;
  tone?: 'plain' | 'success' | 'error' | 'warning';
}) {
  return <span class={`dbx-badge dbx-badge-${tone}`}>{children}</span>;
}

export { Commit } from './commit.tsx';
export { Skeleton } from './skeleton.tsx';
