/** Secrets come from files: no flag takes one, no configuration holds one, and what is given by mistake is not repeated. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commands, run } from '../../src/cli/run.ts';
import { parseServerConfiguration } from '../../src/server/config/parse-server-configuration.ts';

const secret = 'canary-0123456789abcdef';
const secretNames = [
  'token',
  'secret',
  'password',
  'key',
  'client-secret',
  'webhook-secret',
  'bot-token',
  'encryption-key',
];

async function cli(...words: string[]) {
  const said: string[] = [];
  const keep = (line: string) => void said.push(line);
  return { code: await run(words, { out: keep, err: keep }), said: said.join('\n') };
}

test('no command has an option for a secret', () => {
  for (const { name, options } of commands) {
    for (const option of Object.keys(options)) {
      expect(secretNames, `${name} --${option}`).not.toContain(option);
      expect(option, name).not.toMatch(/secret|password|token(?!-file)/);
    }
  }
});

test('one that is given all the same is refused, and not repeated on the terminal', async () => {
  for (const { name } of commands) {
    for (const option of secretNames) {
      for (const words of [[`--${option}=${secret}`], [`--${option}`, secret], [secret]]) {
        const { code, said } = await cli(...name.split(' '), ...words);
        expect(code, `${name} ${words}`).toBe(2);
        if (words[0]?.startsWith('--')) expect(said).not.toContain(secret);
      }
    }
  }
});

test('a configuration that holds one itself is refused with the name of the key, without the value', () => {
  const gitea = (more: string) =>
    `public_url: https://git.example.com/-/databricks/
gitea: {url: https://git.example.com, ${more}, oauth: {client_id: abc, client_secret_file: client}}
workspaces:
  main: {host: https://dbc.example.com, account_id: a, auth: federation, reader: r}
bindings: []
`;
  for (const more of [
    `token: ${secret}, webhook_secret_file: hook`,
    `token_file: bot, webhook_secret: ${secret}`,
    `token_file: bot, webhook_secret_file: hook, client_secret: ${secret}`,
  ]) {
    const result = parseServerConfiguration(gitea(more), '/etc/gitea-databricks.yml', () => 'x'.repeat(64));
    expect(result).toHaveProperty('problems');
    expect(JSON.stringify(result)).not.toContain(secret);
  }
});

test('the only words of the environment that the product reads hold no secret', () => {
  const read = new Set<string>();
  const folder = new URL('../../src', import.meta.url).pathname;
  for (const room of ['server', 'cli', 'contract', 'panel']) {
    for (const file of readdirSync(join(folder, room), { recursive: true, encoding: 'utf8' })) {
      if (!/\.tsx?$/.test(file)) continue;
      const text = readFileSync(join(folder, room, file), 'utf8');
      for (const [, name = ''] of text.matchAll(/process\.env\.(\w+)/g)) read.add(name);
      expect(text, file).not.toMatch(/process\.argv.*(token|secret)/i);
    }
  }
  expect([...read].filter((name) => /TOKEN|SECRET|PASSWORD|KEY/.test(name))).toEqual([]);
});
