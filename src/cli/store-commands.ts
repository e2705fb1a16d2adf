import { verifyChain } from '../server/audit/chain.ts';
import { nameOf } from '../server/store/database.ts';
import type { Command } from './command.ts';
import { withStore } from './open-store.ts';

/** `migrate`: opening the store brings its schema up to date. */
export const migrate: Command = {
  name: 'migrate',
  summary: 'Make the database, or bring its schema up to date',
  options: {},
  usesConfiguration: true,
  run: ({ config }, { out }) =>
    withStore(config, async ({ configuration }) => {
      out(`The database ${nameOf(configuration.database)} is up to date.`);
      return 0;
    }),
};

/** `audit verify`: every link of the chain. */
export const auditVerify: Command = {
  name: 'audit verify',
  summary: 'Check that nobody edited the audit log',
  options: {},
  usesConfiguration: true,
  run: ({ config }, { out, err }) =>
    withStore(config, async ({ transactor }) => {
      const { intact, entries, head, brokenAt } = await verifyChain(transactor.stores.audit.links());
      if (intact) {
        out(`Intact: ${entries} entries, head ${head}.`);
        return 0;
      }
      err(
        `Broken at entry ${brokenAt}: it was edited, removed or put in another place. The ${entries} before it are intact.`,
      );
      return 1;
    }),
};

/** `jwks`: for policies of workspaces that cannot reach the backend. */
export const jwks: Command = {
  name: 'jwks',
  summary: 'Print the public keys of the backend’s issuer (JSON Web Key Set)',
  options: {},
  usesConfiguration: true,
  run: ({ config }, { out }) =>
    withStore(config, async ({ issuer }) => {
      out(JSON.stringify(await issuer.keySet(), null, 2));
      return 0;
    }),
};
