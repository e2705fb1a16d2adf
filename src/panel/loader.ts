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
  try {
    const [{ createPanelContext }, ...starters] = await Promise.all([
      import('./panel-context.ts'),
      ...wanted.map(async (feature) => {
        try {
          return { id: feature.id, start: await feature.load() };
        } catch (error) {
          report(feature.id, error);
          return null;
        }
      }),
    ]);
    if (signal.aborted) return;
    const context = createPanelContext(page, signal);
    for (const starter of starters) {
      if (starter === null) continue;
      try {
        await starter.start(context, signal);
      } catch (error) {
        report(starter.id, error);
      }
    }
  } catch (error) {
    report('start', error);
  }
}

function report(where: string, error: unknown): void {
  console.warn(`gitea-databricks: ${where} did not start`, error);
}
