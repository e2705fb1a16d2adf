import { createForge } from '../emulator/gitea/forge.ts';
import type { ForgeVersion } from '../emulator/gitea/releases.ts';
import type { ForgeProvider } from './forge.ts';

/** The forge that needs nothing but git on the machine; it shows the differences of one Gitea release. */
export function emulatedForge(version: ForgeVersion): ForgeProvider {
  return async ({ dataDir, customDir, rootUrl }) => {
    const forge = await createForge({ dataDir, customDir, rootUrl, version });
    return {
      name: `Gitea ${version} (emulated)`,
      async listen(port) {
        return `http://127.0.0.1:${await forge.listen({ port, host: '127.0.0.1' })}`;
      },
      async createAdmin(name, password, fullName) {
        if (forge.context.store.users.find({ kind: 'user', lowerName: name })) return;
        await forge.createUser({ name, password, fullName, email: `${name}@example.com`, admin: true });
      },
      // It reads them for each page.
      reloadTemplates: async () => {},
      close: () => forge.close(),
    };
  };
}
