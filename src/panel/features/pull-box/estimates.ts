import type { PullView } from '../../../contract/pull.ts';

/** How long a run of this pull request took last, in ms; null when none succeeded. */
export function expectedDuration(view: PullView): number | null {
  const last = view.runs.find(
    (run) => run.state === 'succeeded' && run.startedAt !== null && run.endedAt !== null,
  );
  return last === undefined ? null : Date.parse(last.endedAt ?? '') - Date.parse(last.startedAt ?? '');
}
