import type { AuditAction } from '../../contract/audit.ts';

/** Who did it. `system` is the backend itself (reconciler, poller); `webhook` an accepted delivery. */
export type Actor =
  | { kind: 'person'; id: number; name: string }
  | { kind: 'webhook'; name: string }
  | { kind: 'system'; name: string };

/** What is to be recorded; sequence, time and hashes are added when it is appended. */
export interface AuditDraft {
  action: AuditAction;
  outcome: 'done' | 'refused' | 'failed';
  actor: Actor;
  /** What it was done to: "run 43", "wine v12". */
  subject: string;
  repository?: number | null;
  ref?: string | null;
  commit?: string | null;
  pull?: number | null;
  /** Reviews or the earlier release that approved it, in words. */
  approval?: string | null;
  /** Application id of the service principal that acted. */
  principal?: string | null;
  detail?: Record<string, unknown>;
  requestId?: string | null;
}

/** Port: append one link to the chain, within the caller's transaction. */
export interface AuditLog {
  append(draft: AuditDraft): Promise<void>;
}
