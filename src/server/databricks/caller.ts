import type { WorkspaceTokens } from '../identity/role.ts';
import type { CallAs } from '../training/workspace-port.ts';
import type { CallOptions, WorkspaceHttp } from './workspace-http.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One call as somebody: the token is looked up or minted by the call's circumstances. */
export type Call = <T>(as: CallAs, method: Method, path: string, options?: CallOptions) => Promise<T>;

/**
 * @param http by the workspace's name in the configuration
 * @param tokens an act's token is minted once and serves all calls with the same act object
 */
export function createCall(http: (workspace: string) => WorkspaceHttp, tokens: WorkspaceTokens): Call {
  const minted = new WeakMap<object, Map<string, { token: Promise<string>; at: number }>>();
  /** Below the five minutes that a minted token lives, on a clock that does not jump. */
  const freshForMs = 200_000;

  function tokenFor({ repository, role, act }: CallAs): Promise<string> {
    const { id } = repository.binding;
    if (!act) return tokens.accessToken(id, role, undefined, repository.id);
    // One act may go through two roles (a fork's files are uploaded by the trainer): a token each.
    const ofAct = minted.get(act) ?? new Map<string, { token: Promise<string>; at: number }>();
    minted.set(act, ofAct);
    const known = ofAct.get(role);
    if (known && performance.now() - known.at < freshForMs) return known.token;
    const token = tokens.accessToken(id, role, act);
    ofAct.set(role, { token, at: performance.now() });
    token.catch(() => ofAct.delete(role));
    return token;
  }

  return async (as, method, path, options) =>
    await http(as.repository.workspace.name).json(await tokenFor(as), method, path, options);
}
