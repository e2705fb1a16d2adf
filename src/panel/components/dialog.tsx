import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { adoptStyle } from '../style/adopt.ts';
import css from './dialog.css?inline';

adoptStyle(css);

/**
 * A modal dialog (native: focus stays inside, Escape closes). The body scrolls, the footer stays. It is open as
 * long as it is drawn.
 */
export function Dialog(props: {
  title: ComponentChildren;
  children: ComponentChildren;
  footer: ComponentChildren;
  onClose: () => void;
  /** Width in px where there is room. */
  width?: number;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog === null) return undefined;
    const before = document.activeElement;
    dialog.showModal();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class="dbx dbx-dialog"
      style={{ maxWidth: `${props.width ?? 520}px` }}
      aria-labelledby="dbx-dialog-title"
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
    >
      <div class="dbx-dialog-frame">
        <h2 class="dbx-dialog-title" id="dbx-dialog-title">
          {props.title}
        </h2>
        <div class="dbx-dialog-body">{props.children}</div>
        <div class="dbx-dialog-footer">{props.footer}</div>
      </div>
    </dialog>
  );
}
