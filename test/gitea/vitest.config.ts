import { defineConfig } from 'vitest/config';

/** `npm run test:gitea`: against the Gitea that GITEA_BIN names. One file at a time: each has servers of its own. */
export default defineConfig({
  test: {
    name: 'gitea',
    environment: 'node',
    include: ['test/gitea/**/*.test.ts'],
    globalSetup: ['test/browser/chromium.ts', 'test/gitea/one-demo.ts'],
    fileParallelism: false,
    reporters: process.env.TEST_REPORT_GITEA ? ['default', 'json'] : ['default'],
    outputFile: process.env.TEST_REPORT_GITEA ? { json: process.env.TEST_REPORT_GITEA } : undefined,
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
});
