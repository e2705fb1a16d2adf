import type { AuditLog } from '../audit/entry.ts';
import type { Binding, ServerConfiguration, WorkspaceConfiguration } from '../config/server-configuration.ts';
import type { Issuer } from './issuer.ts';
import type { Act, Role, WorkspaceTokens } from './role.ts';
import { subjectOf } from './subject.ts';

/** An access token as Databricks gave it. */
export interface ExchangedToken {
  token: string;
  expiresInSeconds: number;
}

/** Port: Databricks' token endpoint. Rejects with a DatabricksError. */
export interface TokenExchange {
  /** Token federation (RFC 8693): a JWT of ours for a token of the principal. */
  federated(host: string, principal: string, jwt: string): Promise<ExchangedToken>;
  /** The fallback: the principal's own client secret. */
  clientCredentials(host: string, principal: string, secret: string): Promise<ExchangedToken>;
  /** The last resort: a token that an admin keeps in a file. */
  fromFile(path: string): Promise<ExchangedToken>;
}

/** A token counts as ended this long before it ends, as Databricks' own clients do. */
const earlyMs = 40_000;

function principalOf(binding: Binding, workspace: WorkspaceConfiguration, role: Role): string {
  return role === 'reader' ? workspace.reader : binding.principals[role];
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
 * and recorded; reads share one per principal until shortly before it ends, asked for once at a time.
 */
export function createWorkspaceTokens(dependencies: {
  configuration: Pick<ServerConfiguration, 'bindings' | 'workspaces'>;
  issuer: Pick<Issuer, 'mint'>;
  exchange: TokenExchange;
  audit: AuditLog;
  now?: () => number;
}): WorkspaceTokens {
  const { configuration, issuer, exchange, audit, now = Date.now } = dependencies;
  const cached = new Map<string, { token: Promise<string>; until: number }>();

  async function ask(
    binding: Binding,
    workspace: WorkspaceConfiguration,
    role: Role,
    act?: Act,
  ): Promise<ExchangedToken> {
    const { auth, host } = workspace;
    const principal = principalOf(binding, workspace, role);
    switch (auth.kind) {
      case 'federation': {
        const jwt = await issuer.mint({
          subject: subjectOf(binding, role),
          audience: auth.audience,
          ...(act ? { claims: claimsOf(act) } : {}),
        });
        return exchange.federated(host, principal, jwt);
      }
      case 'm2m':
        return exchange.clientCredentials(host, principal, auth.secrets[principal] ?? '');
      case 'token-file':
        return exchange.fromFile(auth.path);
    }
  }

  function shared(key: string, fresh: () => Promise<ExchangedToken>): Promise<string> {
    const known = cached.get(key);
    if (known && known.until > now()) return known.token;
    const asked = fresh();
    const entry = { token: asked.then(({ token }) => token), until: Number.POSITIVE_INFINITY };
    cached.set(key, entry);
    asked.then(
      ({ expiresInSeconds }) => {
        const life = expiresInSeconds * 1000;
        entry.until = now() + Math.max(life - earlyMs, life / 2);
      },
      () => {
        if (cached.get(key) === entry) cached.delete(key);
      },
    );
    return entry.token;
  }

  async function recorded(
    binding: Binding,
    workspace: WorkspaceConfiguration,
    role: Role,
    act: Act,
  ): Promise<string> {
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
        principal: principalOf(binding, workspace, role),
        detail: { method: workspace.auth.kind, for: act.actor, run: act.run, ...detail },
      });
    try {
      const { token } = await ask(binding, workspace, role, act);
      await record('done', {});
      return token;
    } catch (error) {
      await record('failed', { code: (error as { code?: unknown }).code ?? 'unknown' });
      throw error;
    }
  }

  return {
    async accessToken(bindingId, role, act) {
      const binding = configuration.bindings.find(({ id }) => id === bindingId);
      const workspace = binding && configuration.workspaces[binding.workspace];
      if (!binding || !workspace) throw new Error(`There is no binding "${bindingId}" in the configuration.`);
      if (act) return recorded(binding, workspace, role, act);
      const key = `${workspace.name} ${principalOf(binding, workspace, role)} ${subjectOf(binding, role)}`;
      return shared(key, () => ask(binding, workspace, role));
    },
  };
}
