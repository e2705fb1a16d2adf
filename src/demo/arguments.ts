import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { ForgeVersion } from '../emulator/gitea/releases.ts';
import { forgeVersions, isForgeVersion, releaseTitle } from '../emulator/gitea/releases.ts';
import type { RealGitea } from './real-forge.ts';
import { realGiteaOf } from './real-forge.ts';

export interface DemoArguments {
  /** Port of the demo's address; undefined: the one of the last start, else 3000. */
  port: number | undefined;
  /** Start over: the data folder is deleted first. */
  fresh: boolean;
  /** Where everything is kept that the demo writes. */
  dataDir: string;
  /** Virtual environments, by digest of their dependencies; they outlive `--fresh`. */
  pythonCacheDir: string;
  /** The release that the emulator shows, 1.26 by default. */
  gitea?: ForgeVersion;
  /** A Gitea that is installed here, instead of the emulator. */
  realGitea?: RealGitea;
  help: boolean;
}

export const usage = `npm start -- [options]

  --port N            port of the demo's address (default 3000; kept for the next start)
  --fresh             start over: delete what the demo wrote before
  --data DIR          where the demo keeps its data (default .demo)
  --python-cache DIR  where Python environments are cached
                      (default $XDG_CACHE_HOME/gitea-databricks/python or ~/.cache/gitea-databricks/python)
  --gitea RELEASE     the release that is emulated (default 1.26):
${forgeVersions.map((version) => `                        ${version.padEnd(12)}${releaseTitle(version)}`).join('\n')}

With GITEA_BIN in the environment a real Gitea (>= 1.22) or Forgejo (>= 7) runs instead:

  GITEA_BIN           its path, or its name in PATH
  GITEA_RUN_AS        who it runs as when root starts the demo: a name, or uid:gid (default nobody)
  GITEA_DATABASE_URL  an empty PostgreSQL database, postgres://user:password@host:5432/name (default: SQLite)
`;

/** @throws with a sentence for the terminal when an option is unknown or a value is wrong. */
export function parseDemoArguments(args: string[], environment: NodeJS.ProcessEnv): DemoArguments {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string' },
      fresh: { type: 'boolean', default: false },
      data: { type: 'string', default: '.demo' },
      'python-cache': { type: 'string' },
      gitea: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const realGitea = realGiteaOf(environment);
  if (realGitea && values.gitea !== undefined) {
    throw new Error(
      '--gitea names the release that is emulated, and GITEA_BIN a real Gitea: use one of them',
    );
  }
  const caches = environment.XDG_CACHE_HOME || join(homedir(), '.cache');
  return {
    port: values.port === undefined ? undefined : parsePort(values.port),
    fresh: values.fresh,
    dataDir: resolve(values.data),
    pythonCacheDir: resolve(values['python-cache'] ?? join(caches, 'gitea-databricks', 'python')),
    gitea: parseVersion(values.gitea ?? '1.26'),
    ...(realGitea && { realGitea }),
    help: values.help,
  };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new Error(`--port ${text}: a port is a number from 1 to 65535`);
}

function parseVersion(text: string): ForgeVersion {
  if (isForgeVersion(text)) return text;
  throw new Error(`--gitea ${text}: the emulator knows ${forgeVersions.join(', ')}`);
}
