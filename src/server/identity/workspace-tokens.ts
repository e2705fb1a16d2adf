import { decodeJwt } from 'jose';
import type { AuditLog } from '../audit/entry.ts';
import type { Binding, ServerConfiguration, WorkspaceConfiguration } from '../config/server-configuration.ts';
import { actingIdentity, userAudience } from './acting-identity.ts';
import type { Issuer } from './issuer.ts';
import type { ProviderTokens } from './provider-ports.ts';
import type { Act, Role, WorkspaceTokens } from './role.ts';
import { subjectOf } from './subject.ts';
import type { ExchangedToken } from './token-cache.ts';
import { createTokenCache } from './token-cache.ts';

/** Port: Databricks' token endpoint. Rejects with a DatabricksError. */
export interface TokenExchange {
  /**
   * Token federation (RFC 8693): a JWT for a token of the principal.
   *
   * @param principal application id; null: of the user whom the JWT names, by the account-wide policy
   * @param mintedAt what our clock said when we minted it, milliseconds since the epoch; absent: another did
   */
  federated(host: string, principal: string | null, jwt: string, mintedAt?: number): Promise<ExchangedToken>;
  /** The fallback: the principal's own client secret. */
  clientCredentials(host: string, principal: string, secret: string): Promise<ExchangedToken>;
  /** The last resort: a token that an admin keeps in a file. */
  fromFile(path: string): Promise<ExchangedToken>;
}

/** Claims beside the subject: Databricks does not judge by them, but they tie its side to ours. */
function claimsOf(act: Act): Record<string, string | number> {
  const claims = {
    repository_id: act.repository,
    ref: act.ref,
    sha: act.commit,
    pull_request: act.pull,
    actor: act.actor,
    approval: act.approval,
    run: act.run,
  };
  return Object.fromEntries(
    Object.entries(claims).filter((claim): claim is [string, string | number] => claim[1] !== null),
  );
}

/**
 * Tokens for the workspaces of the bindings. A call that acts gets a token of its own, minted with all claims
 * and recorded; reads share one per principal and subject.
 */
export function createWorkspaceTokens(dependencies: {
  configuration: Pick<ServerConfiguration, 'bindings' | 'workspaces'>;
  issuer: Pick<Issuer, 'mint'>;
  provider: ProviderTokens;
  exchange: TokenExchange;
  audit: AuditLog;
  /** Milliseconds; does not jump. */
  now?: () => number;
}): WorkspaceTokens {
  const { configuration, issuer, provider, exchange, audit, now = () => performance.now() } = dependencies;
  const cache = createTokenCache(now);

  async function ask(
    binding: Binding,
    workspace: WorkspaceConfiguration,
    role: Role,
    act: Act | undefined,
    repository: number | undefined,
  ): Promise<ExchangedToken> {
    const { auth, host } = workspace;
    const who = actingIdentity(binding, workspace, role, act);
    switch (auth.kind) {
      case 'federation': {
        const asUser = who.kind === 'user';
        const jwt = await issuer.mint({
          subject: asUser ? who.name : subjectOf(binding, role, repository),
          audience: asUser ? userAudience(auth.audience) : auth.audience,
          ...(act ? { claims: claimsOf(act) } : {}),
        });
        return exchange.federated(host, asUser ? null : who.name, jwt, (decodeJwt(jwt).iat ?? 0) * 1000);
      }
      case 'identity-provider':
        return exchange.federated(host, who.name, await provider.subjectToken(auth.provider, who.name));
      case 'm2m':
        return exchange.clientCredentials(host, who.name, auth.secrets[who.name] ?? '');
      case 'token-file':
        return exchange.fromFile(auth.path);
    }
  }

  async function recorded(
    binding: Binding,
    workspace: WorkspaceConfiguration,
    role: Role,
    act: Act,
  ): Promise<string> {
    const who = actingIdentity(binding, workspace, role, act);
    const record = (outcome: 'done' | 'failed', detail: Record<string, unknown>) =>
      audit.append({
        action: 'token.exchanged',
        outcome,
        actor: { kind: 'system', name: 'identity' },
        subject: `${role} of ${binding.id}`,
        repository: act.repository,
        ref: act.ref,
        commit: act.commit,
        pull: act.pull,
        approval: act.approval,
        principal: who.name,
        detail: { method: workspace.auth.kind, as: who.kind, for: act.actor, run: act.run, ...detail },
      });
    try {
      const { token } = await ask(binding, workspace, role, act, act.repository);
      await record('done', {});
      return token;
    } catch (error) {
      await record('failed', { code: (error as { code?: unknown }).code ?? 'unknown' });
      throw error;
    }
  }

  return {
    async accessToken(bindingId, role, act, repository) {
      const binding = configuration.bindings.find(({ id }) => id === bindingId);
      const workspace = binding && configuration.workspaces[binding.workspace];
      if (!binding || !workspace) throw new Error(`There is no binding "${bindingId}" in the configuration.`);
      if (act) return recorded(binding, workspace, role, act);
      const { name } = actingIdentity(binding, workspace, role);
      const key = `${workspace.name} ${name} ${subjectOf(binding, role, repository)}`;
      return cache.get(key, () => ask(binding, workspace, role, undefined, repository));
    },
  };
}
