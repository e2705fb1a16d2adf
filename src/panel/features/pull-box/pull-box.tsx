import type { ReadonlySignal } from '@preact/signals';
import type { PullView } from '../../../contract/pull.ts';
import type { SignIn } from '../../api/sign-in.ts';
import { Access } from '../../components/access.tsx';
import { Icon } from '../../components/icon.tsx';
import { databaseIcon } from '../../components/icons.ts';
import { Skeleton } from '../../components/states.tsx';
import type { Connection } from '../../live/live.ts';
import type { PullModel } from '../../models/pull-model.ts';
import { BoxActs } from './box-acts.tsx';
import { BoxBody } from './box-body.tsx';
import { BoxFooter } from './box-footer.tsx';
import { BoxHeader } from './box-header.tsx';
import { BoxNotes } from './box-notes.tsx';
import { boxState, boxTone } from './box-state.ts';
import { Details } from './details.tsx';
import type { BoxLinks } from './index.tsx';

export interface PullBoxProps {
  model: PullModel;
  signIn: SignIn;
  links: BoxLinks;
  live: ReadonlySignal<Connection>;
}

/** The whole box. Whoever stops reading after the title, the sentence or the numbers has a true picture. */
export function PullBox({ model, signIn, links, live }: PullBoxProps) {
  const view = model.view.data.value;
  const problem = model.view.problem.value;
  const refresh = () => void model.view.refresh();
  if (view === null && problem?.code === 'not-found') return null;
  if (view === null) {
    return (
      <>
        <Sign tone="plain" />
        <div class="content dbx-contain">
          <div class="ui segment dbx-quiet">
            {problem === null ? (
              <Skeleton rows={2} label="Loading how this pull request trains" />
            ) : (
              <Access
                problem={problem}
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
  if (boxState(view) === 'not-configured') return <NotConfigured tab={links.tab} />;
  return (
    <>
      <Sign tone={boxTone(view)} />
      <div class="content dbx-contain">
        <BoxHeader view={view} model={model} links={links} />
        <div class="ui attached segment dbx-body">
          <BoxNotes
            view={view}
            problem={problem}
            loadedAt={model.view.loadedAt.value}
            live={live.value}
            signIn={signIn}
            refresh={refresh}
          />
          <Content view={view} model={model} links={links} />
          <BoxActs model={model} />
          {model.open.value !== 'new-run' && <BoxFooter view={view} model={model} links={links} />}
        </div>
      </div>
    </>
  );
}

function Content({ view, model, links }: { view: PullView; model: PullModel; links: BoxLinks }) {
  const open = model.open.value !== null;
  return (
    <>
      <BoxBody view={view} open={open} links={links} />
      {open && <Details view={view} model={model} links={links} />}
    </>
  );
}

function Sign({ tone }: { tone: 'pass' | 'fail' | 'wait' | 'plain' }) {
  return (
    <div class={`timeline-avatar dbx-tone-${tone}`}>
      <Icon of={databaseIcon} size={40} />
    </div>
  );
}

/** One line of the time line: there is nothing to see yet, and where that can be changed. */
function NotConfigured({ tab }: { tab: string }) {
  return (
    <div class="dbx-line">
      <span class="dbx-line-badge">
        <Icon of={databaseIcon} />
      </span>
      <span class="dbx-light">Databricks does not train this repository yet.</span>{' '}
      <a href={tab}>How to set it up</a>
    </div>
  );
}
