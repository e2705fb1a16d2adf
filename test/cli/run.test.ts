import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commands, run } from '../../src/cli/run.ts';
import { openDatabase } from '../../src/server/store/database.ts';
import { createStores } from '../../src/server/store/stores.ts';
import { configuredFolder } from './configured-folder.ts';

let folder: ReturnType<typeof configuredFolder>;
let config: string;

beforeEach(() => {
  folder = configuredFolder();
  config = folder.config;
});

afterEach(() => folder.remove());

async function cli(...words: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(words, { out: (line) => void out.push(line), err: (line) => void err.push(line) });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test('help names every command, and each command its options', async () => {
  const { code, out } = await cli('--help');
  expect(code).toBe(0);
  for (const { name, options } of commands) {
    expect(out).toContain(name);
    const help = await cli(...name.split(' '), '--help');
    expect(help.code).toBe(0);
    for (const option of Object.keys(options)) expect(help.out).toContain(`--${option}`);
  }
});

test('a wrong command line says what would be right', async () => {
  expect(await cli()).toMatchObject({ code: 2 });
  expect(await cli('serv')).toMatchObject({
    code: 2,
    err: 'There is no command "serv". Did you mean "serve"?',
  });
  expect(await cli('audit')).toMatchObject({
    code: 2,
    err: expect.stringContaining('There is no command "audit"'),
  });
  expect(await cli('migrate', '--confg', config)).toMatchObject({
    code: 2,
    err: expect.stringContaining('gitea-databricks migrate --help'),
  });
  expect(await cli('install')).toMatchObject({
    code: 2,
    err: expect.stringContaining('--custom DIR is missing'),
  });
});

test('a wrong configuration is told with every problem', async () => {
  writeFileSync(config, 'public_url: 1\ngitea: {}\n');
  const { code, err } = await cli('migrate', '--config', config);
  expect(code).toBe(1);
  expect(err).toContain(`${config}:1: public_url: "public_url" must be`);
  expect(err).toContain('"workspaces" is missing');
});

test('the federation policies name issuer, audience and subject of each principal, and verify with the key set', async () => {
  const keys = JSON.parse((await cli('jwks', '--config', config)).out);
  expect(keys.keys).toHaveLength(1);
  expect(keys.keys[0]).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256' });
  expect(keys.keys[0]).not.toHaveProperty('d');
  const { code, out } = await cli('federation', '--config', config);
  expect(code).toBe(0);
  const policies = JSON.parse(out);
  expect(
    policies.map(({ principal, policy }: (typeof policies)[0]) => [principal, policy.oidc_policy.subject]),
  ).toEqual([
    ['reader-id', 'workspace:main:role:reader'],
    ['t', 'binding:wine:role:trainer'],
    ['r', 'binding:wine:role:releaser'],
    ['f', 'binding:wine:role:fork'],
  ]);
  expect(policies[0].policy.oidc_policy).toMatchObject({
    issuer: 'http://127.0.0.1:9/-/databricks',
    audiences: ['acc-1'],
    jwks_json: JSON.stringify(keys),
  });
});

test('the audit log is verified, and an edit is found', async () => {
  expect((await cli('migrate', '--config', config)).code).toBe(0);
  const db = await openDatabase(folder.database);
  const { audit } = createStores(db);
  for (let number = 1; number <= 3; number++) {
    await audit.append({
      action: 'run.created',
      outcome: 'done',
      actor: { kind: 'system', name: 'test' },
      subject: `run ${number}`,
    });
  }
  expect(await cli('audit', 'verify', '--config', config)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Intact: 3 entries, head [0-9a-f]{64}\.$/),
  });
  await db.updateTable('audit').set({ body: '{"sequence":2}' }).where('sequence', '=', 2).execute();
  await db.destroy();
  expect(await cli('audit', 'verify', '--config', config)).toMatchObject({
    code: 1,
    err: expect.stringContaining('Broken at entry 2'),
  });
});

test('doctor goes on when Gitea and Databricks do not answer, and says what to do', async () => {
  const { code, out } = await cli('doctor', '--config', config);
  expect(code).toBe(1);
  expect(out).toContain('can be read by other users of this machine: chmod 600');
  expect(out).toContain('error   Gitea at http://127.0.0.1:9');
  expect(out).toContain('Its federation policy must have the subject binding:wine:role:releaser');
  expect(out).toMatch(/\d+ checks: 5 errors, 3 warnings\.$/);
}, 60_000);
