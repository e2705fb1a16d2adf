/** Hazard 25: no id or name in an address leads to another file, another route or another thing at a counterpart. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseRepositoryConfiguration } from '../../src/server/config/parse-repository-configuration.ts';
import { createWorkspaceFiles } from '../../src/server/databricks/workspace-files.ts';
import { createGiteaForge } from '../../src/server/gitea/gitea-forge.ts';
import { GiteaHttp } from '../../src/server/gitea/gitea-http.ts';
import { routeActs } from '../../src/server/permission/matrix.ts';
import { request } from '../server/backend-with-forge.ts';
import type { PopulatedBackend } from './populated-backend.ts';
import { startPopulatedBackend } from './populated-backend.ts';

/** After the advisories against MLflow (CVE-2023-6909, CVE-2024-1483, CVE-2024-3848) and what their fixes missed. */
const traversals = [
  '..',
  '../..',
  '../../../../etc/passwd',
  '..\\..\\windows\\win.ini',
  '/etc/passwd',
  '//etc/passwd',
  'C:\\windows\\win.ini',
  'file:///etc/passwd',
  'http://169.254.169.254/latest/meta-data/',
  'a/../../b',
  'a/./b',
  'a//b',
  './x',
  '....//....//etc',
  '..;/x',
  '.%00./x',
  'x\u0000.txt',
  'x\n.txt',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '%252e%252e%252f',
  '..%c0%af..',
  '..%ef%bc%8f',
  '\uff0e\uff0e\uff0f',
  '#/../x',
  '?x=../..',
];

let backend: PopulatedBackend;
beforeAll(async () => {
  backend = await startPopulatedBackend();
}, 60_000);
afterAll(() => backend?.close());

test('in every parameter of every address it is refused here, and no counterpart is asked', async () => {
  const good: Record<string, string> = {
    repository: String(backend.repository),
    run: backend.run,
    task: 'train',
    index: String(backend.pull),
    model: 'wine',
    release: backend.release,
  };
  const routes = Object.keys(routeActs).filter((act) => act.includes('/:'));
  let asked = 0;
  for (const act of routes) {
    const [method = '', address = ''] = act.split(' ');
    for (const [, hurt = ''] of address.matchAll(/:(\w+)/g)) {
      for (const traversal of traversals) {
        for (const encode of [
          encodeURIComponent,
          (text: string) => encodeURIComponent(encodeURIComponent(text)),
        ]) {
          const path = address.replace(/:(\w+)/g, (_match, name: string) =>
            name === hurt ? encode(traversal) : (good[name] ?? '1'),
          );
          const answer = await request(backend, backend.people.ada!, method as 'GET', path, {
            body: method === 'POST' ? {} : undefined,
          });
          asked += 1;
          // The workspace of this test does not exist: a call to it would be a 502.
          expect([400, 404, 405], `${method} ${path}: ${answer.body}`).toContain(answer.statusCode);
        }
      }
    }
  }
  expect(asked).toBeGreaterThan(1_000);
}, 60_000);

test('in an address as it is, it reaches no other route: what the server decodes is not read again', async () => {
  for (const path of [
    'api/v1/repositories/1/../../session',
    'api/v1/..%2f..%2fmetrics',
    'auth/..%2fapi%2fv1%2fsession',
    'health/live/..%2f..%2fmetrics',
    '..%2f..%2fmetrics',
    '%2e%2e/%2e%2e/etc/passwd',
    'api/v1//session',
    'api/v1/session/',
    'API/V1/SESSION',
  ]) {
    const answer = await request(backend, null, 'GET', path);
    expect([400, 401, 404], `${path}: ${answer.body}`).toContain(answer.statusCode);
    expect(answer.body).not.toMatch(/root:|process_cpu/);
  }
});

test.each(traversals)('the repository configuration cannot name the file %j', (path) => {
  const yaml = (entry: string, dependencies: string) =>
    `version: 1\ntrain: {entry: ${JSON.stringify(entry)}, dependencies: ${JSON.stringify(dependencies)}}\nmetrics: {primary: rmse}\n`;
  const binding = { id: 'wine', jobs: {}, models: {}, floors: {} };
  const entry = parseRepositoryConfiguration(yaml(`${path}.py`, 'requirements.txt'), binding);
  const dependencies = parseRepositoryConfiguration(yaml('train.py', path), binding);
  for (const result of [entry, dependencies]) {
    if ('problems' in result) continue;
    // A name that only looks odd: then a file of the commit has to be called exactly so (see snapshots).
    const { train } = result.configuration;
    const named = train.kind === 'entry' ? [train.entry, train.dependencies ?? ''] : [];
    for (const name of named) {
      expect(name.startsWith('/') || name.split('/').includes('..') || name.includes('\u0000')).toBe(false);
    }
  }
});

test.each(traversals)(
  'a file %j of a commit, or a branch, stays one segment of what a counterpart is asked',
  async (name) => {
    const seen: URL[] = [];
    const answering = (body: unknown) => async (input: RequestInfo | URL) => {
      seen.push(new URL(input instanceof Request ? input.url : String(input)));
      return Response.json(body);
    };
    const files = createWorkspaceFiles(async (_as, _method, path) => {
      seen.push(new URL(`https://workspace.example${path}`));
      return {} as never;
    });
    await files.writeFile({} as never, `/Workspace/x/${name}`, new Uint8Array());
    expect(seen.at(-1)?.pathname.split('/')).toHaveLength(6);

    const fetch = answering({ commit: { id: 'a'.repeat(40) } }) as typeof globalThis.fetch;
    const http = new GiteaHttp({
      url: 'https://git.example',
      token: 'token-of-bot',
      userAgent: 'test/1',
      fetch,
    });
    const repository = (await backend.repositories.find(backend.repository))!;
    const before = seen.length;
    const found = await createGiteaForge(http)
      .branch(repository, name)
      .catch(() => null);
    // Either Gitea is asked for a branch of this repository, or nothing at all.
    expect(found === null).toBe(seen.length === before);
    for (const { pathname, host } of seen.slice(before)) {
      expect(host).toBe('git.example');
      expect(pathname.startsWith('/api/v1/repos/ml/wine-quality/branches/')).toBe(true);
    }
  },
);
