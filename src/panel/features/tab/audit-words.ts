import type { AuditAction, AuditEntry } from '../../../contract/audit.ts';

const done: Record<AuditAction, string> = {
  'delivery.accepted': 'Webhook delivery accepted',
  'run.created': 'Run created',
  'run.advanced': 'Run went on',
  'run.submitted': 'Submitted to Databricks',
  'run.ended': 'Run ended',
  'run.cancel-requested': 'Asked to cancel',
  'run.retry-requested': 'Asked to train again',
  'run.train-requested': 'Asked to train',
  'run.fork-approved': 'Approved a fork’s commit',
  'report.published': 'Report published',
  'message.retried': 'Message sent once more',
  'release.started': 'Release started',
  'release.step': 'Release step',
  'release.ended': 'Release ended',
  'release.adopted': 'Found in production',
  'release.not-promoted': 'Not promoted',
  'hold.set': 'Set the hold',
  'hold.lifted': 'Lifted the hold',
  'session.started': 'Signed in',
  'session.ended': 'Signed out',
  'permission.refused': 'Not permitted',
  'callers.refused': 'Callers refused',
  'binding.fixed': 'Repository bound',
  'binding.refused': 'Repository not bound: its name was another one’s',
  'key.rotated': 'Signing key rotated',
  'token.exchanged': 'Databricks token obtained',
};

/** The action in words; an action of a newer server as it is called there. */
export function actionText({ action }: Pick<AuditEntry, 'action'>): string {
  return Object.hasOwn(done, action) ? done[action as AuditAction] : action.replace('.', ' ');
}

/** Details that say how it went, in the order in which they are told. */
const told = ['kind', 'state', 'step', 'result', 'resolve', 'reason', 'error', 'event', 'action'];

/** What else is known in one line: how it went, the commit, the approval, the identity at Databricks. */
export function wayOf(entry: AuditEntry): string {
  const details = told.map((key) => entry.detail[key]).filter((value) => typeof value === 'string');
  return [
    ...new Set(details),
    entry.commit && `commit ${entry.commit.slice(0, 10)}`,
    entry.approval && `approved by ${entry.approval}`,
    entry.principal && `as ${entry.principal.slice(0, 8)}`,
    entry.requestId && `request ${entry.requestId.slice(0, 8)}`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** Ids of deliveries are long and random: their beginning tells them apart. */
export function subjectText({ subject }: Pick<AuditEntry, 'subject'>): string {
  return subject.replace(/\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f-]{22,}\b/g, '$1');
}

/** Exact, in UTC: "2026-11-23 23:55:21". */
export function exact(at: string): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}
