/** What `npm run test:gitea` says where there is no Gitea to run. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

function testGitea(GITEA_BIN?: string) {
  const { GITEA_BIN: _, ...environment } = process.env;
  return spawnSync(process.execPath, ['test/gitea/run.ts'], {
    encoding: 'utf8',
    env: { ...environment, ...(GITEA_BIN !== undefined && { GITEA_BIN }) },
    timeout: 60_000,
  });
}

test('without GITEA_BIN it says that nothing was run, and does not fail', () => {
  const { status, stdout } = testGitea();
  expect(stdout).toContain('test:gitea not run: GITEA_BIN is not set');
  expect(status).toBe(0);
});

test('with a GITEA_BIN that cannot be run it says why, and fails', () => {
  const { status, stderr } = testGitea('/absent/gitea');
  expect(stderr).toContain('test:gitea cannot run: GITEA_BIN=/absent/gitea: there is no such file');
  expect(status).toBe(1);
});
