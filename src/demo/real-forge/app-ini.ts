import { join } from 'node:path';
import type { DatabaseSection } from './database.ts';
import type { GiteaSecrets } from './secrets.ts';

export interface AppIniSettings {
  dataDir: string;
  /** The public address, with a trailing slash. */
  rootUrl: string;
  /** Port on 127.0.0.1. */
  port: number;
  database: DatabaseSection;
  secrets: GiteaSecrets;
}

/**
 * Gitea's configuration: on loopback only, installed already, without everything that would reach the network or
 * that a demo has no use for. Releases ignore keys that they do not know.
 */
export function appIni({ dataDir, rootUrl, port, database, secrets }: AppIniSettings): string {
  const sections: Record<string, Record<string, string | number | boolean>> = {
    server: {
      PROTOCOL: 'http',
      HTTP_ADDR: '127.0.0.1',
      HTTP_PORT: port,
      ROOT_URL: rootUrl,
      LOCAL_ROOT_URL: `http://127.0.0.1:${port}/`,
      APP_DATA_PATH: join(dataDir, 'data'),
      // No avatars from elsewhere, too.
      OFFLINE_MODE: true,
      DISABLE_SSH: true,
      // Pages keep event streams open: without this the end would wait for them, a minute by default.
      GRACEFUL_HAMMER_TIME: '2s',
    },
    database,
    repository: { ROOT: join(dataDir, 'repositories'), DEFAULT_BRANCH: 'main' },
    security: {
      INSTALL_LOCK: true,
      SECRET_KEY: secrets.secretKey,
      INTERNAL_TOKEN: secrets.internalToken,
    },
    oauth2: { JWT_SECRET: secrets.jwtSecret },
    service: { DISABLE_REGISTRATION: true },
    // The backend is on loopback, which is closed to webhooks by default.
    webhook: { ALLOWED_HOST_LIST: 'loopback' },
    indexer: { ISSUE_INDEXER_TYPE: 'db' },
    session: { PROVIDER: 'file' },
    'cron.update_checker': { ENABLED: false },
    actions: { ENABLED: false },
    packages: { ENABLED: false },
    mailer: { ENABLED: false },
    log: { MODE: 'console', LEVEL: 'Info', 'logger.router.MODE': '' },
  };
  const head = ['; Written by the demo at each start.', 'APP_NAME = Gitea', 'RUN_MODE = prod'];
  const lines = [...head, line('WORK_PATH', dataDir)];
  for (const [name, keys] of Object.entries(sections)) {
    lines.push('', `[${name}]`, ...Object.entries(keys).map(([key, value]) => line(key, value)));
  }
  return `${lines.join('\n')}\n`;
}

/** Back quotes keep `#`, `;`, quotes and backslashes as they are; nothing keeps a back quote or a line break. */
function line(key: string, value: string | number | boolean): string {
  const text = String(value);
  if (/[`\r\n]/.test(text)) {
    throw new Error(
      `${key} in Gitea's app.ini cannot hold a back quote or a line break: ${JSON.stringify(text)}`,
    );
  }
  const plain = /^[\w./:,@+-]*$/.test(text);
  return `${key} = ${plain ? text : `\`${text}\``}`;
}
