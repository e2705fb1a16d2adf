import type { Clock } from '../duty/clock.ts';
import type { GateObserver } from './workspace-gate.ts';
import { WorkspaceGate } from './workspace-gate.ts';
import { WorkspaceHttp } from './workspace-http.ts';

export interface WorkspacesOptions {
  /** Of the configuration. */
  workspaces: readonly { name: string; host: string }[];
  userAgent: string;
  /** By the workspace's name. */
  observer: (workspace: string) => GateObserver;
  clock?: Clock;
  /** Ends all calls with a temporary error: the backend stops. */
  signal?: AbortSignal;
}

/** The same told to several. */
function all(observers: readonly GateObserver[]): GateObserver {
  return {
    ended: (...told) => observers.forEach((each) => void each.ended?.(...told)),
    waited: (...told) => observers.forEach((each) => void each.waited?.(...told)),
    answered: () => observers.forEach((each) => void each.answered?.()),
    silent: (told) => observers.forEach((each) => void each.silent?.(told)),
    turned: (told) => observers.forEach((each) => void each.turned?.(told)),
  };
}

/** A gate and a client per workspace. Where two names stand for one host they share its gate: its limits are one. */
export function createWorkspaces({ workspaces, userAgent, observer, clock, signal }: WorkspacesOptions) {
  const clients = new Map<string, WorkspaceHttp>();
  const gates = new Map<string, WorkspaceGate>();
  for (const [host, named] of Map.groupBy(workspaces, (workspace) => workspace.host)) {
    const gate = new WorkspaceGate({ clock, observer: all(named.map(({ name }) => observer(name))) });
    const client = new WorkspaceHttp({ host, userAgent, gate, signal, clock });
    gates.set(host, gate);
    for (const { name } of named) {
      gates.set(name, gate);
      clients.set(name, client);
    }
  }

  function known<T>(found: T | undefined, name: string): T {
    if (found === undefined) throw new Error(`The configuration has no workspace "${name}".`);
    return found;
  }

  return {
    /** By the workspace's name. */
    http: (name: string): WorkspaceHttp => known(clients.get(name), name),
    /** By the workspace's name or its host. */
    gate: (name: string): WorkspaceGate => known(gates.get(name), name),
    /** Whether it answers; what has no name in the configuration is not asked anything. */
    answering: (name: string): Pick<WorkspaceGate, 'permits' | 'waitMs'> =>
      gates.get(name) ?? { permits: () => Number.POSITIVE_INFINITY, waitMs: () => 0 },
    /** What time it is there, by its last answer; null: it has not said. */
    timeOf: (name: string): Date | null => gates.get(name)?.time.now() ?? null,
    /** Ends the looks at those that do not answer. */
    close(): void {
      for (const gate of gates.values()) gate.close();
    },
  };
}
