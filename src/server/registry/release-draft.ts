import type { AuditDraft } from '../audit/entry.ts';
import { actingIdentity } from '../identity/acting-identity.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { StoredRelease } from './release.ts';
import type { ReleaseRequester } from './requester.ts';
import { personOf } from './requester.ts';

/** What every audit entry of a release says: who, of what, approved by whom, and under whose name at Databricks. */
export function releaseDraft(
  repository: BoundRepository,
  release: StoredRelease,
  requester: ReleaseRequester,
  now: Date,
): Omit<AuditDraft, 'action' | 'outcome'> {
  return {
    actor: requester.actor,
    subject: `${release.model} v${release.toVersion}`,
    repository: repository.id,
    ref: `refs/heads/${repository.productionBranch}`,
    commit: release.commit,
    pull: release.pull,
    approval: release.approvals.length > 0 ? release.approvals.join(', ') : null,
    principal: actingIdentity(repository.binding, repository.workspace, 'releaser', personOf(requester, now))
      .name,
    requestId: requester.requestId,
  };
}
