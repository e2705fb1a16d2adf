import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emulatedForge } from '../../src/demo/emulated-forge.ts';
import type { Forge } from '../../src/demo/forge.ts';
import { Journal } from '../../src/demo/journal.ts';
import { reusablePort } from '../../src/demo/ports.ts';
import type { DemoUser } from '../../src/demo/setup/accounts.ts';
import { demoUsers } from '../../src/demo/setup/accounts.ts';
import { answered } from '../../src/demo/setup/api-error.ts';
import { giteaClient } from '../../src/demo/setup/gitea-client.ts';
import { createFederationPolicies } from '../../src/demo/setup/principals.ts';
import { protectBranch } from '../../src/demo/setup/repository.ts';
import type { GiteaFacts } from '../../src/demo/setup/set-up.ts';
import { setUpGitea, setUpRepository, setUpWorkspace } from '../../src/demo/setup/set-up.ts';
import { workspaceClient } from '../../src/demo/setup/workspace-client.ts';
import { GitClone } from '../../src/demo/story/git-clone.ts';
import {
  approvePull,
  closePull,
  commitStatus,
  findPull,
  mergePull,
  openPull,
} from '../../src/demo/story/pull-requests.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import type { Workspace } from '../../src/emulator/databricks/workspace.ts';
import { createWorkspace } from '../../src/emulator/databricks/workspace.ts';

const { signal } = new AbortController();
const repository = 'ml/wine';
const production = { model: 'ml.prod.wine', alias: 'champion', endpoint: 'wine' };
let dir: string;
let forge: Forge;
let workspace: Workspace;
let rootUrl: string;
let users: DemoUser[];
let facts: GiteaFacts;

const journal = (name = 'journal') =>
  new Journal(join(dir, `${name}.json`), { line() {}, warn() {} }, signal);
const as = (name: string) =>
  giteaClient(rootUrl, users.find((user) => user.name === name) as DemoUser, signal);
const admin = () =>
  workspaceClient(
    { host: workspace.host, accountId: workspace.accountId, token: workspace.adminToken },
    signal,
  );
const hook = { url: '', secret: '' };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'set-up-'));
  const port = await reusablePort(undefined, []);
  rootUrl = `http://127.0.0.1:${port}/`;
  forge = await emulatedForge('1.26')({
    dataDir: join(dir, 'gitea'),
    customDir: join(dir, 'custom'),
    rootUrl,
  });
  await forge.listen(port);
  workspace = createWorkspace({ dataDir: join(dir, 'workspace'), pythonCacheDir: join(dir, 'python') });
  await workspace.listen({ port: 0 });
  users = demoUsers(journal());
  await forge.createAdmin('ada', (users[0] as DemoUser).password, 'Ada');
  facts = await setUpGitea(journal(), rootUrl, users, signal);
  hook.secret = facts.webhookSecret;
  await setUpRepository(journal(), as('ada'), rootUrl, {
    repository,
    description: 'Wine',
    webhookSecret: hook.secret,
  });
});
afterAll(async () => {
  await forge?.close();
  await workspace?.close();
  await rm(dir, { recursive: true, force: true });
});

describe('Gitea', () => {
  test('each user has the permission that the demo promises', async () => {
    const permissions = async (name: string) =>
      (await as(name).get(`repos/${repository}`).json<{ permissions: object }>()).permissions;
    expect(await permissions('ada')).toEqual({ admin: true, push: true, pull: true });
    expect(await permissions('wendy')).toEqual({ admin: false, push: true, pull: true });
    expect(await permissions('walt')).toEqual({ admin: false, push: true, pull: true });
    expect(await permissions('rita')).toEqual({ admin: false, push: false, pull: true });
  });

  test('the bot may reach the repository and itself with its token, and administers nothing', async () => {
    const headers = { authorization: `token ${facts.botToken}` };
    const status = async (path: string) => (await fetch(`${rootUrl}api/v1/${path}`, { headers })).status;
    expect(await status(`repos/${repository}`)).toBe(200);
    expect(await status('user')).toBe(200);
    expect(await status('admin/users')).toBe(403);
    expect(await status(`repos/${repository}/hooks`)).toBe(403);
  });

  test('the repository is private, has the topic and one webhook', async () => {
    expect((await fetch(`${rootUrl}api/v1/repos/${repository}`)).status).toBe(404);
    const { topics } = await as('ada').get(`repos/${repository}/topics`).json<{ topics: string[] }>();
    expect(topics).toEqual(['databricks']);
    const hooks = await as('ada').get(`repos/${repository}/hooks`).json<{ config: { url: string } }[]>();
    expect(hooks.map(({ config }) => config.url)).toEqual([`${rootUrl}-/databricks/webhooks/gitea`]);
  });

  test('set up again after a lost journal it ends in the same state', async () => {
    const other = journal('other');
    for (const user of users) other.keep(`password of ${user.name}`, user.password);
    other.keep('password of databricks-bot', journal().known('password of databricks-bot'));
    const again = await setUpGitea(other, rootUrl, users, signal);
    await setUpRepository(other, as('ada'), rootUrl, {
      repository,
      description: 'Wine',
      webhookSecret: hook.secret,
    });
    expect(again.oauth.clientId).not.toBe('');
    expect(again.botToken).not.toBe(facts.botToken);
    facts = again;
    expect(await as('ada').get(`repos/${repository}/hooks`).json()).toHaveLength(1);
    expect(await as('ada').get('user/applications/oauth2').json()).toHaveLength(1);
    expect(await as('ada').get('orgs/ml/teams').json()).toHaveLength(4);
  });
});

describe('the workspace', () => {
  test('has one principal per role, each with just what it needs, and does it only once', async () => {
    const made = await setUpWorkspace(journal(), admin(), production);
    expect(new Set(Object.values(made).map(({ applicationId }) => applicationId)).size).toBe(4);
    expect(await setUpWorkspace(journal('w'), admin(), production)).toEqual(made);
    const model = await admin().get(`2.1/unity-catalog/models/${production.model}`).json<{ owner: string }>();
    expect(model.owner).toBe(made.releaser.applicationId);
    const { privilege_assignments } = await admin()
      .get(`2.1/unity-catalog/permissions/function/${production.model}`)
      .json<{ privilege_assignments: { principal: string; privileges: string[] }[] }>();
    const granted = Object.fromEntries(
      privilege_assignments.map((each) => [each.principal, each.privileges.toSorted()]),
    );
    expect(granted[made.trainer.applicationId]).toEqual(['CREATE_MODEL_VERSION', 'EXECUTE']);
    expect(granted[made.reader.applicationId]).toEqual(['EXECUTE']);
    expect(granted[made.fork.applicationId]).toBeUndefined();
  });

  test('trusts the issuer under one exact subject per principal, and gets new keys at the next start', async () => {
    const principals = await setUpWorkspace(journal(), admin(), production);
    const address = { host: workspace.host, accountId: workspace.accountId, token: workspace.adminToken };
    const { publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify',
    ]);
    const jwks = JSON.stringify({
      keys: [{ ...(await crypto.subtle.exportKey('jwk', publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }],
    });
    for (let start = 0; start < 2; start += 1) {
      await createFederationPolicies(
        admin(),
        address,
        principals,
        { binding: 'wine', workspaceName: 'main' },
        { issuer: 'http://issuer', jwks },
      );
    }
    const subjects = await Promise.all(
      Object.values(principals).map(async ({ id }) => {
        const { policies } = await admin()
          .get(`2.0/accounts/${workspace.accountId}/servicePrincipals/${id}/federationPolicies`)
          .json<{ policies: { oidc_policy: { subject: string } }[] }>();
        return policies.map(({ oidc_policy }) => oidc_policy.subject);
      }),
    );
    expect(subjects.flat()).toEqual([
      'workspace:main:role:reader',
      'binding:wine:role:trainer',
      'binding:wine:role:releaser',
      'binding:wine:role:fork',
    ]);
  });
});

describe('the story', () => {
  const example = 'examples/wine';
  const user = (name: string) => users.find((each) => each.name === name) as DemoUser;
  const clone = () => new GitClone(join(dir, 'clone'), `${rootUrl}${repository}.git`, signal);

  test('pushes commits over HTTP, and not twice after an interruption', async () => {
    const first = await clone().push(
      user('ada'),
      'main',
      undefined,
      `${example}/repository`,
      'First model\n\nBody.',
    );
    expect(
      await clone().push(user('ada'), 'main', undefined, `${example}/repository`, 'First model\n\nBody.'),
    ).toBe(first);
    const commits = await as('rita')
      .get(`repos/${repository}/commits`)
      .json<{ sha: string; commit: { author: { name: string } } }[]>();
    expect(commits.map(({ sha, commit }) => [sha, commit.author.name])).toEqual([[first, 'Ada Lindqvist']]);
    await expect(
      new GitClone(join(dir, 'other'), `${rootUrl}${repository}.git`, signal).push(
        { ...user('walt'), password: 'wrong' },
        'main',
        undefined,
        `${example}/repository`,
        'x',
      ),
    ).rejects.toThrow('git fetch failed');
  });

  test('a pull request needs the status, an approval and somebody of the allow-list', async () => {
    await protectBranch(as('ada'), repository, 'main', ['ada', 'wendy']);
    await protectBranch(as('ada'), repository, 'main', ['ada', 'wendy']);
    const main = (await clone().fetch(user('walt'))).get('main');
    const sha = await clone().push(
      user('walt'),
      'more',
      main,
      `${example}/changes/all-measurements`,
      'Use all',
    );
    const request = { branch: 'more', base: 'main', title: 'Use all', body: 'All.' };
    const pull = await openPull(as('walt'), repository, request);
    expect((await openPull(as('walt'), repository, request)).number).toBe(pull.number);
    expect(pull.head.sha).toBe(sha);
    const settled = async (name: string) => {
      for (let look = 0; look < 100; look += 1) {
        const outcome = await mergePull(as(name), repository, pull);
        if (outcome !== undefined) return outcome;
      }
      throw new Error('Gitea is still checking');
    };

    await approvePull(as('ada'), repository, 'ada', pull, 'Good');
    await approvePull(as('ada'), repository, 'ada', pull, 'Good');
    expect(await as('ada').get(`repos/${repository}/pulls/${pull.number}/reviews`).json()).toHaveLength(1);
    expect(await settled('wendy')).toEqual(expect.any(String));
    expect(await commitStatus(as('walt'), repository, sha, 'databricks/train')).toBeUndefined();
    const posted = await fetch(`${rootUrl}api/v1/repos/${repository}/statuses/${sha}`, {
      method: 'POST',
      headers: { authorization: `token ${facts.botToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ state: 'success', context: 'databricks/train', description: 'rmse 0.5' }),
    });
    expect(posted.status).toBe(201);
    expect(await commitStatus(as('walt'), repository, sha, 'databricks/train')).toEqual({
      state: 'success',
      description: 'rmse 0.5',
    });
    expect(await settled('walt')).toEqual(expect.any(String));
    expect(await settled('wendy')).toBe(true);
    expect((await findPull(as('rita'), repository, 'more'))?.merged).toBe(true);
  });

  test('nobody pushes to the protected branch any more', async () => {
    const main = (await clone().fetch(user('walt'))).get('main');
    await expect(
      clone().push(user('walt'), 'main', main, `${example}/changes/learn-faster`, 'Straight to main'),
    ).rejects.toThrow('git push failed');
  });

  test('closing says why, once', async () => {
    const main = (await clone().fetch(user('walt'))).get('main');
    await clone().push(user('walt'), 'fast', main, `${example}/changes/learn-faster`, 'Learn faster');
    const pull = await openPull(as('walt'), repository, {
      branch: 'fast',
      base: 'main',
      title: 'Fast',
      body: '',
    });
    for (let time = 0; time < 2; time += 1) {
      await closePull(
        as('walt'),
        repository,
        (await findPull(as('walt'), repository, 'fast')) ?? pull,
        'Overfits.\n',
      );
    }
    expect((await findPull(as('walt'), repository, 'fast'))?.state).toBe('closed');
    expect(await as('walt').get(`repos/${repository}/issues/${pull.number}/comments`).json()).toHaveLength(1);
  });

  test('a commit whose run was interrupted is pushed again under a new SHA', async () => {
    const tip = async () => (await clone().fetch(user('walt'))).get('fast') as string;
    const before = await tip();
    const second = Math.floor(Date.now() / 1000);
    const next = async () => Math.floor(Date.now() / 1000) > second || undefined;
    await waitUntil(next, { what: 'the next second', within: 10_000, every: 20, signal });
    const after = await clone().pushAgain(user('walt'), 'fast');
    expect(after).not.toBe(before);
    expect(await tip()).toBe(after);
    expect(await clone().subject(user('walt'), after)).toBe('Learn faster');
  });

  test('a refusal is told apart by its status', async () => {
    const refused = await as('rita')
      .put(`repos/${repository}/topics/x`)
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(answered(refused, 403)).toBe(true);
  });
});
