import type { Registry } from 'prom-client';
import { Counter, Gauge } from 'prom-client';
import type { GateObserver } from './workspace-gate.ts';

/** Counts what goes out to the workspaces, for Prometheus (docs/operations.md). */
export function createCallMetrics(registry: Registry): (workspace: string) => GateObserver {
  const registers = [registry];
  const requests = new Counter({
    name: 'gitea_databricks_workspace_requests_total',
    help: 'Requests to a workspace by API family and result: ok, refused, throttled (429), failed (no answer), held (never sent).',
    labelNames: ['workspace', 'family', 'result'],
    registers,
  });
  const waited = new Counter({
    name: 'gitea_databricks_workspace_budget_wait_seconds_total',
    help: 'Seconds that calls waited for the rate budget of their API family.',
    labelNames: ['workspace', 'family'],
    registers,
  });
  const open = new Gauge({
    name: 'gitea_databricks_workspace_circuit_open',
    help: '1 while the workspace does not answer and is only probed, else 0.',
    labelNames: ['workspace'],
    registers,
  });
  return (workspace) => {
    open.set({ workspace }, 0);
    return {
      ended: (family, result) => requests.inc({ workspace, family, result }),
      waited: (family, seconds) => waited.inc({ workspace, family }, seconds),
      turned: (isOpen) => open.set({ workspace }, isOpen ? 1 : 0),
    };
  };
}
