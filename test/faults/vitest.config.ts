import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

const report = process.env.TEST_REPORT_FAULTS;

/**
 * `npm run test:faults`: whole backends in processes of their own, between emulators behind proxies with faults. One
 * file at a time, since each has the machine to itself. `TEST_REPORT_FAULTS` is where the JSON report goes;
 * `FAULTS_SEED` gives the faults of an earlier run again.
 */
export default defineConfig({
  test: {
    root: resolve(import.meta.dirname, '../..'),
    name: 'faults',
    environment: 'node',
    include: ['test/faults/cases/**/*.test.ts'],
    globalSetup: ['test/faults/one-seed.ts'],
    testTimeout: 900_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    disableConsoleIntercept: true,
    reporters: ['default', ...(report ? ['json'] : [])],
    outputFile: report ? { json: report } : undefined,
  },
});
