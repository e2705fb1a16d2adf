import type { PullView } from '../../../contract/pull.ts';
import { Time, Took } from '../../components/time.tsx';
import type { Face, FaceProps } from './faces/face.ts';
import type { BoxLinks } from './links.ts';
import { RunLink } from './run-link.tsx';

/** What a merge will do, where the numbers come from, and what can be done. */
export function BoxFooter({ face, view, model, links }: FaceProps & { face: Face }) {
  return (
    <>
      {view.promotion !== null && <p class="dbx-promotion">{view.promotion}</p>}
      <div class="dbx-foot">
        <span class="dbx-provenance">
          {face.Origin ? (
            <face.Origin view={view} model={model} links={links} />
          ) : (
            <Origin view={view} links={links} />
          )}
        </span>
        <div class="dbx-foot-end">
          <face.Buttons view={view} model={model} links={links} />
        </div>
      </div>
    </>
  );
}

/** Where the numbers come from: the run, its commit, how long it took and when. */
function Origin({ view, links }: { view: PullView; links: BoxLinks }) {
  const { run } = view;
  if (run === null) return null;
  return (
    <>
      <RunLink run={run} links={links} />
      {run.endedAt !== null && run.startedAt !== null && (
        <span>
          took <Took from={run.startedAt} until={run.endedAt} />
        </span>
      )}
      {run.endedAt !== null && <Time at={run.endedAt} />}
    </>
  );
}
