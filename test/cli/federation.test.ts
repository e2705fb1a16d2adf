import { parse } from '@cdktf/hcl2json';
import fc from 'fast-check';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { asTerraform } from '../../src/cli/federation-terraform.ts';
import { commands, run } from '../../src/cli/run.ts';
import { configuredFolder } from './configured-folder.ts';

let config: string;

beforeEach(() => {
  const folder = configuredFolder([
    '{id: wine, repositories: [ml/wine-*], workspace: main, experiment: "/Shared/wine", principals: {trainer: t, releaser: r, fork: f}, as_user: {17: anna@example.com}}',
    '{id: wine.2, repositories: [ml/red], workspace: main, experiment: "/Shared/red", principals: {trainer: t, releaser: r, fork: f}}',
  ]);
  onTestFinished(folder.remove);
  config = folder.config;
});

async function cli(...words: string[]) {
  const lines: string[] = [];
  const code = await run([...words, '--config', config], {
    out: (line) => void lines.push(line),
    err: (line) => void lines.push(line),
  });
  return { code, text: lines.join('\n') };
}

test('Terraform reads the policies with every field that the provider’s resources have', async () => {
  const jwks = JSON.parse((await cli('jwks')).text);
  const { code, text } = await cli('federation', '--format', 'terraform');
  expect(code).toBe(0);
  const read = await parse('federation.tf', text);
  const { data, resource } = read as Record<string, Record<string, Record<string, unknown[]>>>;
  expect(data!.databricks_service_principal).toMatchObject({
    reader_main: [{ application_id: 'reader-id' }],
    trainer_wine: [{ application_id: 't' }],
  });
  const policies = resource!.databricks_service_principal_federation_policy!;
  expect(Object.keys(policies).sort()).toEqual([
    'fork_wine',
    'fork_wine_2',
    'reader_main',
    'releaser_wine',
    'releaser_wine_2',
    'trainer_wine',
    'trainer_wine_2',
  ]);
  expect(policies.trainer_wine_2).toEqual([
    {
      service_principal_id: `$\{data.databricks_service_principal.trainer_wine.id}`,
      description: 'gitea-databricks: trainer of the binding wine.2',
      oidc_policy: {
        issuer: 'http://127.0.0.1:9/-/databricks',
        audiences: ['acc-1'],
        subject: 'binding:wine.2:role:trainer',
        jwks_json: JSON.stringify(jwks),
      },
    },
  ]);
  expect(resource!.databricks_account_federation_policy).toMatchObject({
    people_main: [{ oidc_policy: { audiences: ['acc-1:users'], issuer: 'http://127.0.0.1:9/-/databricks' } }],
  });
  expect(JSON.stringify(resource!.databricks_account_federation_policy)).not.toContain('subject');
});

test('without keys, Databricks fetches them from the issuer', async () => {
  expect((await cli('federation', '--without-keys')).text).not.toContain('jwks_json');
  expect((await cli('federation', '--without-keys', '--format', 'terraform')).text).not.toContain('jwks');
  expect(await cli('federation', '--format', 'yaml')).toMatchObject({
    code: 2,
    text: expect.stringContaining('json or terraform'),
  });
});

test('no text breaks out of its place in Terraform, and no two policies have one name', async () => {
  const nasty = fc.string({
    unit: fc.constantFrom(
      'a',
      'b',
      'f',
      '\f',
      '"',
      '\\',
      '\n',
      '$',
      '{',
      '}',
      '%',
      'ä',
      '\u2028',
      '\b',
      '𝛼',
      "'",
      '#',
    ),
    maxLength: 20,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(nasty, { minLength: 1, maxLength: 4 }), async (texts) => {
      const policies = texts.map((text, index) => ({
        workspace: 'main',
        accountId: 'a',
        principal: `p${index}`,
        label: `x${text}`,
        description: text,
        policy: { oidc_policy: { issuer: text, audiences: [text], subject: text } },
      }));
      const read = await parse('federation.tf', asTerraform(policies));
      const found = Object.values(
        (read as { resource: Record<string, Record<string, [{ oidc_policy: { subject: string } }]>> })
          .resource.databricks_service_principal_federation_policy!,
      );
      // A reader of HCL keeps escaped templates escaped.
      const plain = (text: string) => text.replaceAll('$${', '${').replaceAll('%%{', '%{');
      expect(found.map(([policy]) => plain(policy.oidc_policy.subject)).sort()).toEqual([...texts].sort());
    }),
    { numRuns: 150 },
  );
});

test('secrets and keys are never options of a command', async () => {
  const options = commands.flatMap((command) => Object.keys(command.options));
  expect(options.filter((name) => /secret|token|password|passphrase|key(?!s$)/.test(name))).toEqual([]);
  for (const words of [
    ['keys', 'rotate', '--key', 'x'],
    ['serve', '--token', 'x'],
    ['federation', '--secret', 'x'],
  ]) {
    expect(await cli(...words)).toMatchObject({ code: 2, text: expect.stringContaining('Unknown option') });
  }
});

test('a rotation says when the new key signs; the list shows both', async () => {
  expect((await cli('keys', 'list')).text).toMatch(/ {2}signing {2}made /);
  const before = Date.now();
  const rotated = await cli('keys', 'rotate');
  const from = /is published now and signs from (\S+)\.$/m.exec(rotated.text)?.[1] ?? '';
  expect(Math.round((Date.parse(from) - before) / 3600_000)).toBe(24);
  const list = (await cli('keys', 'list')).text.split('\n');
  expect(list).toHaveLength(2);
  expect(list[1]).toMatch(/ {2}next {5}made .*, signs from /);
  expect(await cli('keys', 'rotate')).toMatchObject({
    code: 1,
    text: expect.stringContaining('A rotation is under way'),
  });
  for (const wrong of ['5m', '91d', 'soon', '0h', '-1h', '1h30m']) {
    expect(await cli('keys', 'rotate', `--in=${wrong}`), wrong).toMatchObject({ code: 2 });
  }
  expect(await cli('keys', 'rotate', '--compromised', '--in', '1h')).toMatchObject({ code: 2 });
  expect((await cli('keys', 'rotate', '--compromised')).text).toContain('signs from now on. Removed: ');
  expect((await cli('keys', 'list')).text.split('\n')).toHaveLength(1);
});
