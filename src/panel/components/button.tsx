import type { ComponentChildren } from 'preact';
import type { Permission } from '../../contract/person.ts';
import type { IconShape } from './icon.tsx';
import { Icon } from './icon.tsx';
import { runningIcon } from './icons.ts';

export interface ButtonProps {
  children: ComponentChildren;
  onClick?: () => void;
  icon?: IconShape;
  tone?: 'plain' | 'primary' | 'red';
  /** Its act is on the way: the button waits and says so. */
  busy?: boolean;
  disabled?: boolean;
  type?: 'button' | 'submit';
  /** Id of the element that says why it is disabled. */
  describedBy?: string;
}

/** A button in Gitea's look. */
export function Button(props: ButtonProps) {
  const { children, onClick, icon, tone = 'plain', busy = false, disabled = false, type = 'button' } = props;
  const look = tone === 'plain' ? 'basic' : tone;
  return (
    <button
      type={type}
      class={`ui ${look} small button dbx-button`}
      disabled={disabled || busy}
      aria-busy={busy}
      aria-describedby={props.describedBy}
      onClick={onClick}
    >
      {busy ? <Icon of={runningIcon} /> : icon && <Icon of={icon} />}
      <span>{children}</span>
    </button>
  );
}

/** A link in a button's look. */
export function ButtonLink({
  href,
  icon,
  children,
}: {
  href: string;
  icon?: IconShape;
  children: ComponentChildren;
}) {
  const outside = /^https?:/.test(href);
  return (
    <a
      class="ui basic small button dbx-button"
      href={href}
      {...(outside ? { target: '_blank', rel: 'noreferrer' } : {})}
    >
      {icon && <Icon of={icon} />}
      <span>{children}</span>
    </a>
  );
}

/** A button that somebody may not press has its reason beside it; one that they may has none. */
export function PermittedButton({
  permission,
  id,
  ...button
}: ButtonProps & { permission: Permission; id: string }) {
  if (permission.allowed) return <Button {...button} />;
  return (
    <>
      <span class="dbx-reason" id={`${id}-reason`}>
        {permission.reason}
      </span>
      <Button {...button} disabled describedBy={`${id}-reason`} />
    </>
  );
}
