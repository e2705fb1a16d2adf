import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const principals = 'principals: {trainer: t, releaser: r, fork: f}';
const oneBinding = [
  `{id: wine, repositories: [ml/wine-*], workspace: main, experiment: "/Shared/wine", ${principals}}`,
];

/**
 * A folder with a configuration and its secrets, whose Gitea and Databricks do not answer.
 *
 * @param bindings each as YAML in one line
 */
export function configuredFolder(bindings: readonly string[] = oneBinding) {
  const folder = mkdtempSync(join(tmpdir(), 'cli-'));
  const config = join(folder, 'gitea-databricks.yml');
  for (const name of ['token', 'hook', 'client']) writeFileSync(join(folder, name), `${name}-secret\n`);
  writeFileSync(
    config,
    `public_url: http://127.0.0.1:9/-/databricks/
gitea: {url: "http://127.0.0.1:9", token_file: token, webhook_secret_file: hook, oauth: {client_id: abc, client_secret_file: client}}
workspaces:
  main: {host: "http://127.0.0.1:9", account_id: acc-1, auth: federation, reader: reader-id}
bindings:
${bindings.map((binding) => `  - ${binding}\n`).join('')}`,
  );
  return {
    config,
    database: join(folder, 'gitea-databricks.sqlite'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
