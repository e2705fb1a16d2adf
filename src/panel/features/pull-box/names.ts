import type { PullView } from '../../../contract/pull.ts';

/** What the candidate is called: its version, or the run while it has none. */
export function candidateName(view: PullView): string {
  if (view.run === null) return 'this commit';
  return view.run.version === null ? `run ${view.run.number}` : `v${view.run.version}`;
}

/** What the baseline is called in a column and on a button. */
export function baselineName(view: PullView): { column: string; short: string } | null {
  const baseline = view.verdict?.baseline;
  if (baseline === undefined || baseline.kind === 'none') return null;
  if (baseline.version !== null) {
    const short = `v${baseline.version}`;
    return { column: baseline.kind === 'champion' ? `Production ${short}` : `Baseline ${short}`, short };
  }
  return {
    column: 'Baseline',
    short: baseline.commit === null ? 'the baseline' : baseline.commit.slice(0, 10),
  };
}
