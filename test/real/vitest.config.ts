import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { ClosingLines } from './closing-lines.ts';

const report = process.env.TEST_REPORT_REAL;

/**
 * `npm run test:real`: tests that need what `npm ci` does not bring, such as the PyPI clients in a virtual
 * environment. `TEST_REPORT_REAL` is where the JSON report goes; with `CI` and `REAL_REQUIRED` set, what is missing
 * is a failure instead of a skip.
 */
export default defineConfig({
  test: {
    root: resolve(import.meta.dirname, '../..'),
    name: 'real',
    environment: 'node',
    include: ['test/real/**/*.test.ts', 'test/browser/{modes,sign-in}.test.ts'],
    env: { GITEA_RELEASES: 'all' },
    globalSetup: ['test/real/python-clients.ts', 'test/browser/chromium.ts'],
    testTimeout: 300_000,
    hookTimeout: 600_000,
    maxWorkers: 2,
    reporters: ['default', ...(report ? ['json'] : []), new ClosingLines()],
    outputFile: report ? { json: report } : undefined,
  },
});
