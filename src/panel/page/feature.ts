import type { PageContext, PageKind } from './context.ts';

/** Begins a feature on this page; everything it did is undone when the signal aborts. */
export type StartFeature = (page: PageContext, signal: AbortSignal) => void | Promise<void>;

/** One room of the panel, as `features/registry.ts` lists it. */
export interface Feature {
  /** Name of its folder under `features/`. */
  id: string;
  /** The pages it belongs to; a page has one feature. */
  pages: readonly PageKind[];
  /** What the viewer needs for it to show anything; the backend decides, this documents. */
  permission: 'view';
  /** Loads its chunk. */
  load(): Promise<StartFeature>;
}
