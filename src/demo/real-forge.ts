import { chownSync } from 'node:fs';
import { join } from 'node:path';
import type { ForgeProvider } from './forge.ts';
import { writePrivateFile } from './private-file.ts';
import { chooseAccount, giveFolder, makeFolder, requireReach } from './real-forge/account.ts';
import { ensureAdministrator } from './real-forge/administrator.ts';
import { appIni } from './real-forge/app-ini.ts';
import { openBinary } from './real-forge/binary.ts';
import { databaseClaim, databaseSection } from './real-forge/database.ts';
import type { GiteaProgram, GiteaServer } from './real-forge/gitea-process.ts';
import { command, startServer } from './real-forge/gitea-process.ts';
import { keptSecrets } from './real-forge/secrets.ts';

/** Which Gitea, as whom, on which database: the environment of `npm start` and `npm run test:gitea`. */
export interface RealGitea {
  /** GITEA_BIN: a Gitea or a Forgejo; a path, or a name in PATH. */
  binary: string;
  /** GITEA_RUN_AS: a user's name, `uid` or `uid:gid`; undefined: `nobody` for root, else the present user. */
  runAs?: string;
  /** GITEA_DATABASE_URL: an empty PostgreSQL database; undefined: SQLite in the data folder. */
  databaseUrl?: string;
}

/** What the environment says; undefined where it names no Gitea. */
export function realGiteaOf({ GITEA_BIN, GITEA_RUN_AS, GITEA_DATABASE_URL }: NodeJS.ProcessEnv) {
  if (!GITEA_BIN) return undefined;
  return {
    binary: GITEA_BIN,
    ...(GITEA_RUN_AS && { runAs: GITEA_RUN_AS }),
    ...(GITEA_DATABASE_URL && { databaseUrl: GITEA_DATABASE_URL }),
  } satisfies RealGitea;
}

/** A Gitea that is installed on this machine, with a configuration and data of its own. */
export function realForge(gitea: RealGitea): ForgeProvider {
  return async ({ dataDir, customDir, rootUrl }) => {
    const account = await chooseAccount(gitea.runAs);
    const { path, version } = await openBinary(gitea.binary, account);
    const database = databaseSection(gitea.databaseUrl, join(dataDir, 'gitea.db'));
    const homeDir = join(dataDir, 'home');
    for (const folder of [customDir, dataDir, homeDir]) makeFolder(folder, account);
    await requireReach([dataDir, customDir], account);
    const claim = databaseClaim(join(dataDir, 'database'), database);
    const secrets = keptSecrets(join(dataDir, 'secrets.json'));
    const configFile = join(dataDir, 'app.ini');
    const logFile = join(dataDir, 'gitea.log');
    const program: GiteaProgram = { path, account, dataDir, customDir, configFile, homeDir, logFile };

    let origin = '';
    let server: GiteaServer | undefined;
    return {
      name: `${version.product} ${version.text} (${path})`,
      async listen(port) {
        writePrivateFile(configFile, appIni({ dataDir, rootUrl, port, database, secrets }));
        // Gitea completes it where a release needs more.
        if (account) chownSync(configFile, account.uid, account.gid);
        origin = `http://127.0.0.1:${port}`;
        server = await startServer(program, origin);
        return origin;
      },
      async createAdmin(name, password, fullName) {
        await ensureAdministrator(program, origin, { name, password, fullName }, claim);
      },
      async reloadTemplates() {
        giveFolder(customDir, account);
        await command(program, 'manager', 'reload-templates');
      },
      close: async () => server?.stop(),
    };
  };
}
