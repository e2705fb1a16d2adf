import type { ReadonlySignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { PullView } from '../../../contract/pull.ts';
import { asProblemError, ProblemError } from '../../api/problem-error.ts';
import type { SignIn } from '../../api/sign-in.ts';
import { Access } from '../../components/access-later.ts';
import { Icon } from '../../components/icon.tsx';
import { databaseIcon } from '../../components/icons.ts';
import { later } from '../../components/later.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import type { Connection } from '../../live/live.ts';
import type { PullModel } from '../../models/pull-model.ts';
import { BoxFooter } from './box-footer.tsx';
import { BoxHeader } from './box-header.tsx';
import { boxState, boxTone } from './box-state.ts';
import type { Face } from './faces/face.ts';
import { loadFace } from './faces/face.ts';
import type { BoxLinks } from './links.ts';

export interface PullBoxProps {
  model: PullModel;
  signIn: SignIn;
  links: BoxLinks;
  live: ReadonlySignal<Connection>;
}

// Most readers stop at the numbers, and most pages have nothing to warn of.
const Details = later(async () => (await import('./details.tsx')).Details, <Skeleton rows={4} />);
const NotConfigured = later(async () => (await import('./not-configured.tsx')).NotConfigured);
const BoxNotes = later(async () => (await import('./box-notes.tsx')).BoxNotes);

/** The whole box. Whoever stops reading after the title, the sentence or the numbers has a true picture. */
export function PullBox({ model, signIn, links, live }: PullBoxProps) {
  const newest = model.view.data.value;
  const problem = model.view.problem.value;
  const refresh = () => void model.view.refresh();
  const shown = useFace(newest);
  if (newest === null && problem?.code === 'not-found') return null;
  if (newest !== null && boxState(newest) === 'not-configured') return <NotConfigured tab={links.tab} />;
  if (shown === null || shown instanceof ProblemError) {
    const wrong = shown ?? problem;
    return (
      <>
        <Sign tone="plain" />
        <div class="content dbx-contain">
          <div class="ui segment dbx-quiet">
            {wrong === null ? (
              <Skeleton rows={2} label="Loading how this pull request trains" />
            ) : (
              <Access
                problem={wrong}
                signIn={signIn}
                purpose="to see how this pull request trains"
                retry={refresh}
              />
            )}
          </div>
        </div>
      </>
    );
  }
  const { view, face } = shown;
  const warned =
    view.connection.state !== 'ok' || problem !== null || live.value === 'down' || view.notes.length > 0;
  const refused = model.acts.now.value.state === 'refused';
  return (
    <>
      <Sign tone={boxTone(view)} />
      <div class="content dbx-contain">
        <BoxHeader face={face} view={view} model={model} links={links} />
        <div class="ui attached segment dbx-body">
          {(warned || refused) && (
            <BoxNotes
              view={view}
              model={model}
              problem={problem}
              live={live.value}
              signIn={signIn}
              refresh={refresh}
            />
          )}
          <face.Body view={view} model={model} links={links} />
          {model.open.value !== null && <Details view={view} model={model} links={links} />}
          {model.open.value !== 'new-run' && (
            <BoxFooter face={face} view={view} model={model} links={links} />
          )}
        </div>
      </div>
    </>
  );
}

interface Shown {
  view: PullView;
  face: Face;
}

/**
 * The newest view together with its face. Until that is there the former pair stays, so that nothing is drawn
 * with another state's face and nothing flickers.
 */
function useFace(newest: PullView | null): Shown | ProblemError | null {
  const [shown, setShown] = useState<Shown | ProblemError | null>(null);
  useEffect(() => {
    let current = true;
    if (newest === null) return undefined;
    loadFace(boxState(newest)).then(
      (face) => current && setShown({ view: newest, face }),
      (error: unknown) => current && setShown(asProblemError(error)),
    );
    return () => {
      current = false;
    };
  }, [newest]);
  return shown;
}

function Sign({ tone }: { tone: 'pass' | 'fail' | 'wait' | 'plain' }) {
  return (
    <div class={`timeline-avatar dbx-tone-${tone}`}>
      <Icon of={databaseIcon} size={40} />
    </div>
  );
}
