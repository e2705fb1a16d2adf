import { loadServerConfiguration } from '../server/config/load-server-configuration.ts';
import type { ServerConfiguration } from '../server/config/server-configuration.ts';
import { Issuer } from '../server/identity/issuer.ts';
import { openDatabase } from '../server/store/database.ts';
import type { Stores } from '../server/store/stores.ts';
import { createStores } from '../server/store/stores.ts';
import type { Transactor } from '../server/store/transactor.ts';
import { createTransactor } from '../server/store/transactor.ts';

/** What commands work with that look into the store; it may be the store of a running backend. */
export interface OpenStore {
  configuration: ServerConfiguration;
  transactor: Transactor<Stores>;
  issuer: Issuer;
}

/** Opens the configured store for one piece of work, and closes it after. */
export async function withStore<T>(configFile: string, work: (store: OpenStore) => Promise<T>): Promise<T> {
  const configuration = loadServerConfiguration(configFile);
  const db = await openDatabase(configuration.database);
  try {
    const transactor = createTransactor(db, createStores);
    const { publicUrl, encryptionKey } = configuration;
    return await work({
      configuration,
      transactor,
      issuer: new Issuer({ publicUrl, transactor, encryptionKey }),
    });
  } finally {
    await db.destroy();
  }
}
