import { verifyChain } from '../server/audit/chain.ts';
import { createTokenExchange } from '../server/databricks/token-exchange.ts';
import { createWorkspaceTokens } from '../server/identity/workspace-tokens.ts';
import { createProviderTokens } from '../server/provider/provider-tokens.ts';
import type { Command } from './command.ts';
import { checkGitea } from './doctor/check-gitea.ts';
import { checkKeys } from './doctor/check-keys.ts';
import { checkPeople } from './doctor/check-people.ts';
import { checkSecretFiles } from './doctor/check-secret-files.ts';
import { checkWorkspaces } from './doctor/check-workspaces.ts';
import type { Finding } from './doctor/finding.ts';
import { fault, ok } from './doctor/finding.ts';
import { withStore } from './open-store.ts';

const signs: Record<Finding['level'], string> = { ok: 'ok      ', warning: 'warning ', error: 'error   ' };
const userAgent = 'gitea-databricks/doctor';

/** `doctor`: everything that can be checked from outside, each with what to do. It changes nothing. */
export const doctor: Command = {
  name: 'doctor',
  summary: 'Check configuration, store, Gitea and Databricks, and say what to do',
  options: {},
  usesConfiguration: true,
  run: ({ config }, { out }) =>
    withStore(config, async ({ configuration, transactor, issuer }) => {
      const findings: Finding[] = [ok(`The configuration ${config} is valid.`), ...checkSecretFiles(config)];
      const chain = await verifyChain(transactor.stores.audit.links());
      findings.push(
        chain.intact
          ? ok(`The audit log is intact (${chain.entries} entries).`)
          : fault(`The audit log is broken at entry ${chain.brokenAt}: somebody edited it.`),
      );
      const exchange = createTokenExchange(userAgent);
      const tokens = createWorkspaceTokens({
        configuration,
        issuer,
        provider: createProviderTokens(userAgent),
        exchange,
        audit: transactor.stores.audit,
      });
      findings.push(...(await checkGitea(configuration, userAgent)));
      findings.push(...(await checkPeople(configuration, userAgent)));
      if (Object.values(configuration.workspaces).some(({ auth }) => auth.kind === 'federation')) {
        findings.push(...(await checkKeys(issuer)));
      }
      const seen = await transactor.stores.repositories.all();
      findings.push(...(await checkWorkspaces(configuration, tokens, userAgent, seen)));
      for (const { level, text } of findings) out(`${signs[level]}${text}`);
      const errors = findings.filter(({ level }) => level === 'error').length;
      const warnings = findings.filter(({ level }) => level === 'warning').length;
      out(`${findings.length} checks: ${errors} errors, ${warnings} warnings.`);
      return errors === 0 ? 0 : 1;
    }),
};
