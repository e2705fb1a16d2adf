import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Workers are many and live briefly: what one has compiled the next need not.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/node-compile');

/** Four projects: node (unit, component, integration), some of it on PostgreSQL, panel (happy-dom), browser (a real Chromium). */
export default defineConfig({
  test: {
    // Most of a test's time is waiting for processes: a few more workers than cores.
    maxWorkers: 4,
    reporters: process.env.TEST_REPORT ? ['default', 'json'] : ['default'],
    outputFile: process.env.TEST_REPORT ? { json: process.env.TEST_REPORT } : undefined,
    projects: [
      {
        test: {
          name: 'browser',
          environment: 'node',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/browser/chromium.ts'],
          testTimeout: 120_000,
          hookTimeout: 240_000,
        },
      },
      {
        // What most depends on the database, once more on the other one; test/server/store tries both by itself.
        test: {
          // Projects run by the order of their names, and this one has a file that should not be waited for alone.
          name: 'backend-on-postgresql',
          environment: 'node',
          env: { TEST_DATABASE: 'PostgreSQL' },
          include: [
            'test/server/training/{life-of-a-run,push-to-comment,reconciler}.test.ts',
            'test/server/registry/{releases,merges}.test.ts',
            'test/server/report/{one-comment,report-check}.test.ts',
            'test/server/outbox/outbox.test.ts',
            'test/server/webhook/{handled-twice,route}.test.ts',
            'test/server/audit/chain.test.ts',
            'test/server/permission/permission.test.ts',
          ],
          globalSetup: ['test/postgres/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'node',
          environment: 'node',
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/panel/**',
            'test/browser/**',
            'test/gitea/**',
            'test/real/**',
            'test/faults/cases/**',
          ],
          globalSetup: ['test/postgres/global-setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
        test: { name: 'panel', environment: 'happy-dom', include: ['test/panel/**/*.test.{ts,tsx}'] },
      },
    ],
  },
});
