import type { RunSummary } from '../../../contract/run.ts';
import { Commit } from '../../components/commit.tsx';
import type { BoxLinks } from './links.ts';

/** "Run 43 of 575d008634", both linked. */
export function RunLink({ run, links }: { run: RunSummary; links: BoxLinks }) {
  return (
    <span>
      <a href={run.url}>Run {run.number}</a> of <Commit sha={run.commit} href={links.commit(run.commit)} />
    </span>
  );
}
