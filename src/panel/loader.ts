import { features } from './features/registry.ts';
import type { PageContext } from './page/context.ts';
import { readContext } from './page/context.ts';
import type { Feature } from './page/feature.ts';

/**
 * Starts the features that belong to this page, and nothing at all where Gitea's page names no context.
 *
 * No error may leave this file: what escapes from a script under `/assets/` raises Gitea's red banner for
 * every visitor (facts: templates/custom). A page that comes back from the back/forward cache starts afresh,
 * because leaving it gave back its stream and its lock.
 */
export function startPanel(
  document: Document,
  window: EventTarget,
  all: readonly Feature[] = features,
): void {
  let page: PageContext | null = null;
  try {
    page = readContext(document);
  } catch (error) {
    report('context', error);
  }
  if (page === null) return;
  const here = page;
  const wanted = all.filter((feature) => feature.pages.includes(here.kind));
  if (wanted.length === 0) return;

  let controller = new AbortController();
  void run(here, wanted, controller.signal);
  window.addEventListener('pagehide', () => controller.abort());
  window.addEventListener('pageshow', (event) => {
    if (!(event as PageTransitionEvent).persisted) return;
    controller = new AbortController();
    void run(here, wanted, controller.signal);
  });
}

async function run(page: PageContext, wanted: readonly Feature[], signal: AbortSignal): Promise<void> {
  for (const feature of wanted) {
    try {
      const start = await feature.load();
      if (!signal.aborted) await start(page, signal);
    } catch (error) {
      report(feature.id, error);
    }
  }
}

function report(where: string, error: unknown): void {
  console.warn(`gitea-databricks: ${where} did not start`, error);
}
