import { federationPolicies, providerPolicies } from '../server/identity/federation-policies.ts';
import { createProviderTokens } from '../server/provider/provider-tokens.ts';
import type { Command } from './command.ts';
import { UsageError } from './command.ts';
import { asTerraform } from './federation-terraform.ts';
import { withStore } from './open-store.ts';

/** `federation`: what an account's admin creates once. */
export const federation: Command = {
  name: 'federation',
  summary: 'Print the federation policies that the configuration needs',
  options: {
    format: { type: 'string', value: 'FORMAT', summary: 'json (default) or terraform' },
    'without-keys': {
      type: 'boolean',
      summary: 'leave the public keys out: Databricks fetches them from public_url, which it must reach',
    },
  },
  usesConfiguration: true,
  run({ config, options }, { out }) {
    const format = String(options.format ?? 'json');
    if (format !== 'json' && format !== 'terraform') {
      throw new UsageError(`--format must be json or terraform; it is "${format}".`);
    }
    return withStore(config, async ({ configuration, issuer, transactor }) => {
      const keys = options['without-keys'] === true ? null : await issuer.keySet();
      const policies = [
        ...federationPolicies(configuration, keys, await transactor.stores.repositories.all()),
        ...(await providerPolicies(configuration, createProviderTokens('gitea-databricks/federation'))),
      ];
      out(format === 'json' ? JSON.stringify(policies, null, 2) : asTerraform(policies));
      return 0;
    });
  },
};
