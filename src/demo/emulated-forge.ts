import { createForge } from '../emulator/gitea/forge.ts';
import type { ForgeProvider } from './forge.ts';

/** The forge that needs nothing but git on the machine. */
export const emulatedForge: ForgeProvider = async ({ dataDir, customDir, rootUrl }) => {
  const forge = await createForge({ dataDir, customDir, rootUrl, version: '1.26' });
  return {
    async listen(port) {
      return `http://127.0.0.1:${await forge.listen({ port, host: '127.0.0.1' })}`;
    },
    async createAdmin(name, password, fullName) {
      if (forge.context.store.users.find({ kind: 'user', lowerName: name })) return;
      await forge.createUser({ name, password, fullName, email: `${name}@example.com`, admin: true });
    },
    close: () => forge.close(),
  };
};
