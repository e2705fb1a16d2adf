import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/**
 * A pressed button goes with its message, and the focus would fall to the top of the page: it goes on to the button
 * that took its place, the one before where it was the last, or to what is said when none is left. Whoever went
 * somewhere else meanwhile stays there.
 *
 * @param rows the list of messages, with one button each
 * @param said what became of the messages; may have the focus
 * @param shown the messages' ids, in their order
 * @param running while an act is on its way no button takes the focus
 * @returns call when the button of a message is pressed
 */
export function useFocusAfter(
  { rows, said }: Record<'rows' | 'said', RefObject<HTMLElement | null>>,
  shown: readonly string[],
  running: boolean,
): (id: string) => void {
  const pressed = useRef<{ id: string; position: number } | null>(null);
  useEffect(() => {
    if (pressed.current === null || running) return;
    const { id, position } = pressed.current;
    const at = shown.indexOf(id);
    const buttons = rows.current?.querySelectorAll('button') ?? [];
    const next = buttons[at === -1 ? Math.min(position, buttons.length - 1) : at];
    if (at === -1) pressed.current = null;
    if (document.activeElement === document.body) (next ?? said.current)?.focus();
  });
  return (id) => {
    pressed.current = { id, position: shown.indexOf(id) };
  };
}
