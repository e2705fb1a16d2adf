import { expect, test } from 'vitest';
import { adviseRelease } from '../../../src/server/gitea/supported-release.ts';

test.each([
  ['1.26.2', 'ok', ''],
  ['1.27.0+dev-12-gabc', 'ok', ''],
  ['12.0.1+gitea-1.22.0', 'ok', ''],
  ['1.22.6', 'warning', 'no scopes'],
  ['7.0.15+gitea-1.21.11', 'warning', 'no scopes'],
  ['main-nightly', 'warning', 'not known'],
  ['1.21.11', 'error', 'needs Gitea 1.22 or newer'],
  ['6.0.1+gitea-1.21.0', 'error', 'needs Forgejo 7.0 or newer'],
] as const)('%s: %s', (version, level, text) => {
  expect(adviseRelease(version)).toEqual({ level, text: expect.stringContaining(text) });
});
