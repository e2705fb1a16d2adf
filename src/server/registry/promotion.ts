/** What a merge is judged by; everything was re-read from Gitea and from our store, nothing from the delivery. */
export interface MergeFacts {
  onMerge: 'promote' | 'none';
  mergedInto: string;
  productionBranch: string;
  /** The last commit of the pull request when it was merged. */
  head: string;
  fork: boolean;
  /** The newest run of that commit for that pull request. */
  run: {
    number: number;
    state: string;
    final: boolean;
    outcome: 'pass' | 'fail' | 'no-baseline' | null;
    verdictTitle: string | null;
    version: number | null;
    trust: 'base' | 'fork';
  } | null;
  hold: { by: string; since: string } | null;
  /** ISO 8601. */
  mergedAt: string | null;
  /** When a backup was last put in the store's place (ISO 8601); null: never. */
  restoredAt: string | null;
  /** Nobody has released this model since a backup was restored. */
  unreleasedSinceRestore: boolean;
  approvals: { branchProtected: boolean; required: number; counted: string[] };
  champion: number | null;
  halfDone: string | null;
}

export type MergeDecision =
  | { kind: 'promote'; version: number }
  | { kind: 'wait'; reason: string }
  | { kind: 'not'; reason: string };

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}

/** It may have been judged, and its release rolled back, by a store that an older backup has replaced. */
function wasForgotten({ mergedAt, restoredAt }: MergeFacts): boolean {
  return restoredAt !== null && (mergedAt === null || Date.parse(mergedAt) <= Date.parse(restoredAt));
}

/**
 * Whether a merged pull request's version becomes the champion by itself, or why not (one sentence, shown in the
 * pull request).
 */
export function decideOnMerge(facts: MergeFacts): MergeDecision {
  const not = (reason: string): MergeDecision => ({ kind: 'not', reason });
  if (facts.onMerge !== 'promote') {
    return not('`release.on_merge` in the repository configuration is not `promote`.');
  }
  if (facts.mergedInto !== facts.productionBranch) {
    return not(
      `It was merged into ${facts.mergedInto}, not into the production branch ${facts.productionBranch}.`,
    );
  }
  const { run } = facts;
  if (!run) return not(`No training run belongs to the merged commit ${facts.head.slice(0, 10)}.`);
  if (facts.fork || run.trust === 'fork') return not('Runs of forks are never released.');
  if (!run.final) return { kind: 'wait', reason: `Run ${run.number} has not ended yet.` };
  if (run.state !== 'succeeded') return not(`Run ${run.number} ended as ${run.state}.`);
  if (run.version === null) return not(`Run ${run.number} registered no model version.`);
  if (run.outcome === 'no-baseline') {
    return not('There was no baseline to compare with: a person has to release the first version.');
  }
  if (run.outcome !== 'pass') return not(sentence(run.verdictTitle ?? 'The gates did not pass'));
  if (facts.hold) {
    return not(
      `Automatic promotion is on hold since ${facts.hold.by} rolled back. Lift the hold, then promote v${run.version} from the Databricks tab.`,
    );
  }
  if (wasForgotten(facts) && facts.champion !== run.version) {
    return not(
      `It was merged before a backup was restored, so it is not known whether v${run.version} was released and taken back since. Promote it from the Databricks tab.`,
    );
  }
  if (facts.unreleasedSinceRestore && facts.champion !== run.version) {
    return not(
      `A backup was restored, so it is not known whether merges were put on hold since it was made. Promote v${run.version} from the Databricks tab: from then on merges promote again.`,
    );
  }
  if (facts.halfDone) return not(`${facts.halfDone} is half done: finish or undo it first.`);
  if (!facts.approvals.branchProtected) {
    return not(
      `${facts.productionBranch} is not protected, so anybody who may write could release by merging. Protect it, or let a repository admin promote v${run.version} from the Databricks tab.`,
    );
  }
  if (facts.approvals.counted.length < facts.approvals.required) {
    return not(
      `${facts.approvals.required} approval${facts.approvals.required === 1 ? '' : 's'} of this commit needed, ${facts.approvals.counted.length} counted.`,
    );
  }
  if (facts.champion === run.version) return not(`v${run.version} is in production already.`);
  return { kind: 'promote', version: run.version };
}
