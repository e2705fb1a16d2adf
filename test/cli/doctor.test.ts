import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { run } from '../../src/cli/run.ts';
import type { FederationPolicy } from '../../src/server/identity/federation-policies.ts';
import { servicePrincipal, startWorkspace } from '../emulator/databricks/support.ts';
import { startForge } from '../emulator/gitea/forge-on-loopback.ts';

async function cli(...words: string[]) {
  const lines: string[] = [];
  const code = await run(words, {
    out: (line) => void lines.push(line),
    err: (line) => void lines.push(line),
  });
  return { code, text: lines.join('\n') };
}

test('doctor names what is missing, and is content once it was done as it said', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const forge = await startForge();
  onTestFinished(() => forge.close());
  const { workspace, admin } = await startWorkspace();
  const numbers: Record<string, string> = {};
  const ids: Record<string, string> = {};
  for (const role of ['reader', 'trainer', 'releaser', 'fork']) {
    const { id, applicationId } = await servicePrincipal(workspace, admin, role);
    ids[role] = applicationId;
    numbers[applicationId] = id;
  }
  for (const name of ['ada', 'bot']) {
    await forge.forge.createUser({
      name,
      password: forge.password(name),
      email: `${name}@example.com`,
      admin: name === 'ada',
    });
  }
  await forge.api('ada', 'POST', '/orgs', { username: 'ml' });
  await forge.api('ada', 'POST', '/orgs/ml/repos', {
    name: 'wine-quality',
    private: true,
    auto_init: true,
    default_branch: 'main',
  });
  const token = await forge.api('bot', 'POST', '/users/bot/tokens', {
    name: 'backend',
    scopes: ['write:repository', 'write:issue', 'read:user'],
  });
  const secrets = { token: token.body.sha1, hook: 'hook-secret', client: 'client-secret' };
  for (const [name, secret] of Object.entries(secrets))
    writeFileSync(join(folder, name), secret, { mode: 0o600 });
  const config = join(folder, 'gitea-databricks.yml');
  writeFileSync(
    config,
    `public_url: ${forge.url}-/databricks/
gitea: {url: "${forge.url}", token_file: token, webhook_secret_file: hook, oauth: {client_id: abc, client_secret_file: client}}
workspaces:
  main: {host: "${workspace.host}", account_id: ${workspace.accountId}, auth: federation, reader: ${ids.reader}}
bindings:
  - {id: wine, repositories: [ml/wine-*], workspace: main, experiment: "/Shared/wine", principals: {trainer: ${ids.trainer}, releaser: ${ids.releaser}, fork: ${ids.fork}}}
`,
  );

  const before = await cli('doctor', '--config', config);
  expect(before.code).toBe(1);
  expect(before.text).toContain('The binding wine covers no repository that the bot can see (ml/wine-*)');
  expect(before.text).toContain('must have the subject binding:wine:role:trainer');

  await forge.api('ada', 'PUT', '/repos/ml/wine-quality/collaborators/bot', { permission: 'write' });
  const policies = JSON.parse((await cli('federation', '--config', config)).text) as FederationPolicy[];
  for (const { principal, policy } of policies) {
    await admin.post(
      `/api/2.0/accounts/${workspace.accountId}/servicePrincipals/${numbers[principal!]}/federationPolicies`,
      policy,
    );
  }
  const unprotected = await cli('doctor', '--config', config);
  expect(unprotected.text).toContain(
    'ml/wine-quality: main is not protected, so only repository administrators may release',
  );
  expect(unprotected.text).toMatch(/0 errors, 1 warnings\.$/);
  expect(unprotected.text).toContain(
    'ml/wine-quality: slash commands count from writers who have signed in to the panel once. For those who have not, the bot must be an administrator',
  );
  await forge.api('ada', 'POST', '/repos/ml/wine-quality/branch_protections', {
    rule_name: 'main',
    enable_merge_whitelist: true,
    merge_whitelist_usernames: ['ada'],
  });
  const after = await cli('doctor', '--config', config);
  expect(after.text).toMatch(/0 errors, 0 warnings\.$/);
  expect(after.code).toBe(0);
  expect(after.text).toContain("ok      The issuer's key is 0 days old.");
  for (const secret of Object.values(secrets)) expect(after.text + before.text).not.toContain(secret);

  await forge.api('ada', 'PUT', '/repos/ml/wine-quality/collaborators/bot', { permission: 'admin' });
  const { body: repository } = await forge.api('ada', 'GET', '/repos/ml/wine-quality');
  writeFileSync(
    config,
    readFileSync(config, 'utf8').replace('[ml/wine-*]', `["ml/wine-quality#${repository.id}"]`),
  );
  const byId = await cli('doctor', '--config', config);
  expect(byId.text).toContain('ml/wine-quality: slash commands count from every writer');
  expect(byId.text).not.toContain('covers no repository');
  await forge.api('ada', 'PUT', '/repos/ml/wine-quality/collaborators/bot', { permission: 'read' });
  expect((await cli('doctor', '--config', config)).text).toContain(
    'ml/wine-quality: the bot may not write there, so it sets no status',
  );
}, 60_000);

test('doctor tells whom the people of as_user are in Gitea, and that a rotation is under way', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const forge = await startForge();
  onTestFinished(() => forge.close());
  for (const name of ['ada', 'bot']) {
    await forge.forge.createUser({ name, password: forge.password(name), email: `${name}@example.com` });
  }
  const { body: ada } = await forge.api('ada', 'GET', '/user');
  const token = await forge.api('bot', 'POST', '/users/bot/tokens', {
    name: 'backend',
    scopes: ['read:user', 'read:repository'],
  });
  for (const [name, secret] of Object.entries({
    token: token.body.sha1,
    hook: 'hook-secret',
    client: 'client-secret',
  }))
    writeFileSync(join(folder, name), secret, { mode: 0o600 });
  const config = join(folder, 'gitea-databricks.yml');
  writeFileSync(
    config,
    `public_url: ${forge.url}-/databricks/
gitea: {url: "${forge.url}", token_file: token, webhook_secret_file: hook, oauth: {client_id: abc, client_secret_file: client}}
workspaces:
  main: {host: "http://127.0.0.1:1024", account_id: acc-1, auth: federation, reader: r}
bindings:
  - id: wine
    repositories: [ml/wine]
    workspace: main
    experiment: "/Shared/wine"
    principals: {trainer: t, releaser: l, fork: f}
    subject: repository
    as_user: {${ada.id}: ada@example.com, 4711: gone@example.com}
`,
  );
  expect((await cli('keys', 'rotate', '--config', config)).code).toBe(0);
  const { text } = await cli('doctor', '--config', config);
  expect(text).toContain(
    `ok      as_user of wine: the user ${ada.id} of Gitea is ada, who releases as ada@example.com`,
  );
  expect(text).toContain('error   as_user of wine: the user 4711 of Gitea does not exist');
  expect(text).toMatch(/A new key signs from \d{4}-/);
  expect(text).toContain('has "subject: repository" and no repository was seen yet');
}, 60_000);
