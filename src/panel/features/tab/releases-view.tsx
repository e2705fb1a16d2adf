import { useState } from 'preact/hooks';
import type { Release, ReleaseList } from '../../../contract/release.ts';
import { PermittedButton } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { alertIcon, historyIcon, runningIcon, skipIcon, xIcon } from '../../components/icons.ts';
import { Person } from '../../components/person.tsx';
import { Empty, Notice, Skeleton } from '../../components/states.tsx';
import { Time, Took } from '../../components/time.tsx';
import { HoldNotice } from './hold-notice.tsx';
import { rocketIcon, tagIcon } from './icons.ts';
import { ReleaseSteps } from './release-timeline.tsx';
import type { TabModel } from './tab-model.ts';

/** The hold first, then what was in production when, and why it changed. */
export function ReleasesView({ model }: { model: TabModel }) {
  const list = model.releases.data.value;
  const problem = model.releases.problem.value;
  if (list === null) {
    return problem === null ? (
      <Skeleton rows={8} label="Loading releases" />
    ) : (
      <Notice tone="warning">{problem.message}</Notice>
    );
  }
  const half = list.items.filter((release) => release.state === 'partial');
  return (
    <>
      {half.map((release) => (
        <Notice
          key={release.id}
          tone="error"
          icon={alertIcon}
          action={
            <PermittedButton
              id={`dbx-half-${release.id}`}
              permission={list.release}
              onClick={() => {
                model.dialog.value = {
                  model: release.model,
                  kind: release.kind === 'rollback' ? 'rollback' : 'promotion',
                  toVersion: release.toVersion,
                  release: release.id,
                };
              }}
            >
              Finish or undo
            </PermittedButton>
          }
        >
          <b>{`The ${release.kind} to v${release.toVersion} is half done.`}</b> {release.error}
        </Notice>
      ))}
      {list.hold && <HoldNotice hold={list.hold} list={list.items} model={model} />}
      {list.items.length === 0 ? (
        <Empty icon={rocketIcon} title="Nothing was released yet">
          Merging a pull request whose gates pass promotes its version, if the repository configuration says
          so.
        </Empty>
      ) : (
        <>
          <Steps list={list} model={model} />
          <History items={list.items} model={model} />
        </>
      )}
    </>
  );
}

/** The staircase of the newest release's model, over the metric that the reader wants. */
function Steps({ list, model }: { list: ReleaseList; model: TabModel }) {
  const [wanted, setWanted] = useState<string | null>(null);
  const key = list.items[0]?.model;
  const versions = model.models.data.value?.models.find((entry) => entry.key === key)?.versions ?? [];
  const names = [...new Set([...(list.primary ? [list.primary] : []), ...versions.flatMap(metricNames)])];
  const metric = wanted ?? names[0];
  if (metric === undefined) return null;
  const metricOf = (release: Release) =>
    metric === list.primary
      ? release.metric
      : (versions.find((one) => one.version === release.toVersion)?.metrics[metric] ?? null);
  return (
    <ReleaseSteps
      releases={list.items.filter((release) => release.model === key)}
      metric={metric}
      metrics={names}
      metricOf={metricOf}
      onMetric={setWanted}
    />
  );
}

function metricNames(version: { metrics: Record<string, unknown> }): string[] {
  return Object.keys(version.metrics);
}

const kinds = { promotion: 'Promotion', rollback: 'Rollback', adopted: 'Adopted' };
const icons = { promotion: rocketIcon, rollback: historyIcon, adopted: tagIcon };
const states = {
  running: [runningIcon, 'wait', 'under way'],
  partial: [alertIcon, 'fail', 'half done'],
  failed: [xIcon, 'fail', 'failed, nothing changed'],
  undone: [skipIcon, 'quiet', 'undone'],
} as const;

function History({ items, model }: { items: Release[]; model: TabModel }) {
  const { link } = model.context.page.repository;
  return (
    <section class="dbx-card">
      <h3 class="dbx-card-head">History</h3>
      <table class="dbx-table dbx-release-table">
        <thead>
          <tr>
            <th>Kind</th>
            <th>Version</th>
            <th>By</th>
            <th>From</th>
            <th>Why</th>
            <th>Approvals</th>
            <th class="dbx-end">Served</th>
            <th class="dbx-end">When</th>
          </tr>
        </thead>
        <tbody>
          {items.map((release, index) => (
            <tr key={release.id}>
              <td class="dbx-release-kind">
                <Icon of={icons[release.kind]} class={release.kind === 'rollback' ? 'dbx-orange' : ''} />{' '}
                {kinds[release.kind]}
              </td>
              <td class="dbx-release-version">
                {release.fromVersion !== null && (
                  <span class="dbx-light">{`v${release.fromVersion} → `}</span>
                )}
                <b>{`v${release.toVersion}`}</b>
              </td>
              <td class="dbx-release-by">{release.actor ? <Person person={release.actor} /> : '–'}</td>
              <td class="dbx-release-from">
                {release.pull !== null ? (
                  <a href={`${link}/pulls/${release.pull}`}>{`#${release.pull}`}</a>
                ) : (
                  <span class="dbx-mono">{release.commit?.slice(0, 10) ?? '–'}</span>
                )}
              </td>
              <td class="dbx-release-why">
                {release.reason ?? <span class="dbx-light">no reason given</span>}
              </td>
              <td class="dbx-light dbx-release-approvals">
                {approvalsText(release, items.slice(index + 1))}
              </td>
              <td class="dbx-end dbx-release-served">
                <ServedFor release={release} model={model} />
              </td>
              <td class="dbx-end dbx-light dbx-release-when">
                <Time at={release.createdAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Who approved it. A version that was released before was approved then. */
function approvalsText(release: Release, earlier: readonly Release[]): string {
  if (release.approvals.length > 0) return release.approvals.join(', ');
  const before = earlier.some(
    ({ model, toVersion, state }) =>
      model === release.model && toVersion === release.toVersion && state === 'succeeded',
  );
  return before || release.kind === 'rollback' ? 'released before' : '–';
}

function ServedFor({ release, model }: { release: Release; model: TabModel }) {
  if (release.state !== 'succeeded') {
    const [icon, tone, text] = states[release.state];
    return (
      <span>
        <Icon of={icon} class={`dbx-tone-${tone}`} /> {text}
      </span>
    );
  }
  const production = model.repository.view.data.value?.production;
  if (release.servedUntil === null) return <>{production?.version === release.toVersion ? 'now' : '–'}</>;
  return <Took from={release.endedAt ?? release.createdAt} until={release.servedUntil} />;
}
