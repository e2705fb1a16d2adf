import type { Feature } from '../page/feature.ts';

/** Every feature of the panel, once. The loader starts those that belong to the page, in this order. */
export const features: readonly Feature[] = [
  {
    id: 'pull-box',
    pages: ['pull-conversation'],
    permission: 'view',
    load: async () => (await import('./pull-box/index.tsx')).startPullBox,
  },
  {
    id: 'pull-status-line',
    pages: ['pull-commits', 'pull-files'],
    permission: 'view',
    load: async () => (await import('./pull-status-line/index.tsx')).startPullStatusLine,
  },
  {
    id: 'sidebar-production',
    pages: ['code'],
    permission: 'view',
    load: async () => (await import('./sidebar-production/index.tsx')).startSidebarProduction,
  },
  {
    id: 'tab',
    pages: ['tab'],
    permission: 'view',
    load: async () => (await import('./start-tab.ts')).startTab,
  },
];
