import type { MountPoint } from './mount-point.ts';

/**
 * Puts an element where `find` says and puts it back whenever Gitea replaces that part of the page (its merge
 * box, its sidebar or the whole content), until the signal aborts; then the element is removed.
 */
export function keepMounted(
  element: Element,
  find: (document: Document) => MountPoint | null,
  signal: AbortSignal,
): void {
  const document = element.ownerDocument;
  const place = () => {
    if (element.isConnected || signal.aborted) return;
    const point = find(document);
    if (point === null) return;
    point.parent.insertBefore(element, point.before);
  };
  place();
  const observer = new MutationObserver(place);
  observer.observe(document.body, { childList: true, subtree: true });
  signal.addEventListener('abort', () => {
    observer.disconnect();
    element.remove();
  });
}
