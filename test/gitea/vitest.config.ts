import { defineConfig } from 'vitest/config';

/** `npm run test:gitea`: against the Gitea that GITEA_BIN names. One file at a time: each has servers of its own. */
export default defineConfig({
  test: {
    name: 'gitea',
    environment: 'node',
    include: ['test/gitea/**/*.test.ts'],
    globalSetup: ['test/browser/chromium.ts', 'test/gitea/one-demo.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
});
