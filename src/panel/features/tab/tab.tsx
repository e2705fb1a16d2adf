import { Access } from '../../components/access.tsx';
import type { IconShape } from '../../components/icon.tsx';
import { Icon } from '../../components/icon.tsx';
import { databaseIcon } from '../../components/icons.ts';
import { Outage } from '../../components/outage.tsx';
import { Empty, Notice, Skeleton } from '../../components/states.tsx';
import { pageLanguage } from '../../format/language.ts';
import { countFormat } from '../../format/number.ts';
import { ReleaseDialog } from '../release/release-dialog.tsx';
import { AuditView } from './audit-view.tsx';
import { CompareView } from './compare-view.tsx';
import { beakerIcon, logIcon, packageIcon, rocketIcon } from './icons.ts';
import { ModelsView } from './models-view.tsx';
import { ParkedNotice } from './parked-notice.tsx';
import { ProductionHead } from './production-head.tsx';
import { ReleasesView } from './releases-view.tsx';
import type { Route } from './route.ts';
import { hashOf } from './route.ts';
import { RunView } from './run-view.tsx';
import { RunsView } from './runs-view.tsx';
import type { TabModel } from './tab-model.ts';

/** The whole tab: what is in production, the views, and the dialog of a release. */
export function Tab({ model }: { model: TabModel }) {
  const { data, problem } = model.repository.view;
  const view = data.value;
  if (view === null) {
    if (problem.value === null) return <Skeleton rows={8} label="Loading the Databricks panel" />;
    if (problem.value.code === 'not-found') return <NotBound />;
    return (
      <div class="dbx-card">
        <Access
          problem={problem.value}
          signIn={model.context.signIn}
          purpose="to see runs, models and releases"
          retry={() => void model.repository.view.refresh()}
        />
      </div>
    );
  }
  const target = model.dialog.value;
  return (
    <>
      <Outage connection={view.connection} />
      {isList(model.route.value) && <ProductionHead view={view} model={model} />}
      <Configuration view={view} />
      <ParkedNotice model={model.parked} url={view.url} />
      <Tabs model={model} />
      <View model={model} />
      {target !== null && (
        <ReleaseDialog
          key={`${target.kind} ${target.model} ${target.toVersion} ${target.release}`}
          context={model.context}
          target={target}
          onTarget={(next) => {
            model.dialog.value = next;
          }}
          onClose={() => {
            model.dialog.value = null;
            void model.repository.view.refresh();
            model.refresh();
          }}
        />
      )}
    </>
  );
}

/** One run, or some beside each other, come without the head: what they are about comes first. */
function isList({ view }: Route): boolean {
  return view !== 'run' && view !== 'compare';
}

function NotBound() {
  return (
    <Empty icon={databaseIcon} title="This repository is not connected to Databricks">
      An administrator of this Gitea connects it with a binding in the server’s configuration. If it is
      connected, you may not have access to it.
    </Empty>
  );
}

/** What is wrong with the repository configuration, with file and line. */
function Configuration({ view }: { view: NonNullable<TabModel['repository']['view']['data']['value']> }) {
  const { configuration } = view;
  return (
    <>
      {configuration.state === 'missing' && (
        <Notice tone="info">
          There is no <code>.gitea/databricks.yml</code> on the default branch yet: add one, and pushes train.
        </Notice>
      )}
      {configuration.problems.map((problem) => (
        <Notice key={`${problem.line}${problem.path}`} tone="error">
          {problem.file}
          {problem.line !== null && `, line ${problem.line}`}: {problem.message}
        </Notice>
      ))}
    </>
  );
}

const tabs: { view: Exclude<Route['view'], 'run' | 'compare'>; text: string; icon: IconShape }[] = [
  { view: 'runs', text: 'Runs', icon: beakerIcon },
  { view: 'models', text: 'Models', icon: packageIcon },
  { view: 'releases', text: 'Releases', icon: rocketIcon },
  { view: 'audit', text: 'Audit', icon: logIcon },
];

function Tabs({ model }: { model: TabModel }) {
  const counts = model.repository.view.data.value?.counts;
  const { view: current } = model.route.value;
  const route = current === 'run' || current === 'compare' ? 'runs' : current;
  const number = countFormat(pageLanguage());
  const countOf = {
    runs: counts?.runs,
    models: counts?.versions,
    releases: counts?.releases,
    audit: undefined,
  };
  return (
    <nav class="dbx-sections" aria-label="Databricks">
      {tabs.map(({ view, text, icon }) => (
        <a
          key={view}
          class={view === route ? 'dbx-section-item active' : 'dbx-section-item'}
          href={hashOf({ view })}
          aria-current={view === route ? 'page' : undefined}
        >
          <Icon of={icon} />
          <span>{text}</span>
          {countOf[view] !== undefined && <span class="ui small label">{number(countOf[view])}</span>}
        </a>
      ))}
    </nav>
  );
}

function View({ model }: { model: TabModel }) {
  const route = model.route.value;
  switch (route.view) {
    case 'run':
      return <RunView key={route.id} model={model} id={route.id} />;
    case 'compare':
      return <CompareView key={route.ids.join()} model={model} ids={route.ids} />;
    case 'models':
      return <ModelsView model={model} />;
    case 'releases':
      return <ReleasesView model={model} />;
    case 'audit':
      return <AuditView model={model} />;
    default:
      return <RunsView model={model} />;
  }
}
