import type { Verdict } from '../../contract/metric.ts';
import { formatChange, formatMetric } from '../metrics/number-format.ts';
import type { Run } from '../training/ports.ts';

/** A commit status without its address; `state` is one of Gitea's. */
export interface CommitStatus {
  state: 'pending' | 'success' | 'failure' | 'error' | 'warning';
  /** At most 140 characters. */
  description: string;
}

function status(state: CommitStatus['state'], description: string): CommitStatus {
  const line = description.replace(/\s+/g, ' ').trim();
  return { state, description: line.length <= 140 ? line : `${line.slice(0, 139)}\u2026` };
}

/** The verdict that a commit's status shows: the branch's own, else the first pull request's. */
export const verdictOf = (run: Run): Verdict | null =>
  run.verdict ?? run.pulls.find((pull) => pull.verdict !== null)?.verdict ?? null;

/** "log_loss 0.252 (+4.6%), 1 of 3 gates fails" */
function judged(verdict: Verdict): CommitStatus {
  const primary = verdict.metrics.find((item) => item.metric === verdict.primary);
  const change = primary?.change == null ? '' : ` (${formatChange(primary.change, primary.relativeChange)})`;
  const value =
    primary?.candidate == null ? '' : `${verdict.primary} ${formatMetric(primary.candidate)}${change}, `;
  const title = verdict.title.charAt(0).toLowerCase() + verdict.title.slice(1);
  if (verdict.outcome === 'fail') {
    return status('failure', value === '' ? verdict.title : `${value}${title}`);
  }
  if (verdict.outcome === 'pass') return status('success', `${value}${title}`);
  // Absolute limits alone decide; a gate that needs a baseline stays open, and that is not a pass.
  const open = verdict.metrics.some((item) => item.gate?.outcome === 'no-baseline');
  return open
    ? status('warning', `${value}no baseline to compare with`)
    : status('success', `${value}no baseline, within the fixed limits`);
}

/** What the commit status `databricks/train` says about a run. */
export function statusOfRun(run: Run): CommitStatus {
  switch (run.state) {
    case 'waiting':
      return status('pending', 'Waits for a writer to approve training');
    case 'queued':
    case 'uploading':
      return status('pending', `Run ${run.number} is queued for Databricks`);
    case 'submitted':
    case 'running':
    case 'evaluating':
      return status('pending', `Run ${run.number} trains on Databricks`);
    case 'succeeded': {
      const verdict = verdictOf(run);
      return verdict ? judged(verdict) : status('error', 'Trained, but there is no verdict');
    }
    case 'failed':
      return status('failure', `Training failed: ${run.error?.message ?? run.stateReason ?? 'see the run'}`);
    case 'timed-out':
      return status('failure', `Training timed out: ${run.stateReason ?? 'see the run'}`);
    case 'cancelled':
      return status('error', run.stateReason ?? 'Training was cancelled');
    case 'superseded':
      return status('error', run.stateReason ?? 'Superseded by a newer push');
  }
}
