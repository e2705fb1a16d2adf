import type { ModelList, ModelVersion } from '../../../contract/release.ts';
import { Button, PermittedButton } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { checkIcon, historyIcon } from '../../components/icons.ts';
import { Badge, Commit, Empty, Notice, Skeleton } from '../../components/states.tsx';
import { Time, Took } from '../../components/time.tsx';
import { pageLanguage } from '../../format/language.ts';
import { metricFormat } from '../../format/number.ts';
import { packageIcon, rocketIcon } from './icons.ts';
import { hashOf } from './route.ts';
import type { TabModel } from './tab-model.ts';

/** Versions through time, the live one in green; from each the way to promote it or to return to it. */
export function ModelsView({ model }: { model: TabModel }) {
  const list = model.models.data.value;
  const problem = model.models.problem.value;
  return (
    <>
      {problem !== null && <Notice tone="warning">{problem.message}</Notice>}
      {list === null
        ? problem === null && <Skeleton rows={8} label="Loading models" />
        : list.models.map((entry) => <Model key={entry.key} entry={entry} model={model} />)}
    </>
  );
}

/** Id of the reason why the reader may release nothing: said once, above all versions. */
const notReleasable = 'dbx-not-releasable';

type Entry = ModelList['models'][number];

function Model({ entry, model }: { entry: Entry; model: TabModel }) {
  const { versions } = entry;
  if (versions.length === 0 && !entry.known) {
    return (
      <Empty icon={packageIcon} title={`The versions of ${entry.name} are not known`}>
        Databricks does not answer, and has never told them before.
      </Empty>
    );
  }
  if (versions.length === 0) {
    return (
      <Empty icon={packageIcon} title={`${entry.name} has no versions yet`}>
        A training run that succeeds registers the first one.
      </Empty>
    );
  }
  const release = model.repository.view.data.value?.permissions.release ?? { allowed: true };
  const endpoints = entry.endpoint ? '1 endpoint' : 'no endpoint';
  return (
    <section>
      <h2 class="dbx-section-title">
        {entry.name}{' '}
        <span class="dbx-light">{`${versions.length} version${versions.length === 1 ? '' : 's'}, ${endpoints}`}</span>
      </h2>
      {!release.allowed && (
        <p class="dbx-light dbx-small" id={notReleasable}>
          {release.reason}
        </p>
      )}
      <ol class="dbx-versions">
        {versions.map((version) => (
          <Version key={version.version} entry={entry} version={version} model={model} />
        ))}
      </ol>
    </section>
  );
}

interface VersionProps {
  entry: Entry;
  version: ModelVersion;
  model: TabModel;
}

function Version({ entry, version, model }: VersionProps) {
  const live = entry.champion === version.version;
  const { link } = model.context.page.repository;
  const metrics = inOrder(version.metrics, model);
  const values = (name: string) => entry.versions.map((other) => other.metrics[name]);
  return (
    <li class={live ? 'dbx-version dbx-version-live' : 'dbx-version'}>
      <span class="dbx-version-mark">
        <Icon of={live ? checkIcon : packageIcon} label={live ? 'in production' : undefined} />
      </span>
      <article class="dbx-card">
        <header class="dbx-version-head">
          <b class="dbx-medium">{`v${version.version}`}</b>
          {version.aliases.map((alias) => (
            <Badge key={alias} tone="success">
              {alias}
            </Badge>
          ))}
          {version.traffic !== null && (
            <Badge>{version.traffic === 0 ? '0%, still loaded' : `${version.traffic}% of traffic`}</Badge>
          )}
          {version.outcome === 'fail' && <Badge tone="error">gate fails</Badge>}
          {version.status !== 'ready' && <Badge tone="warning">{version.status}</Badge>}
          <span class="dbx-light dbx-small">
            <Served version={version} live={live} />
          </span>
          <span class="dbx-version-act">{!live && <VersionAct {...{ entry, version, model }} />}</span>
        </header>
        <div class="dbx-version-body">
          {metrics.map(([name, value]) => (
            <span key={name} class="dbx-version-metric">
              <span class="dbx-light dbx-small">{name}</span>
              <b>{metricFormat(values(name), pageLanguage())(value)}</b>
            </span>
          ))}
          <span class="dbx-version-origin">
            {version.commit && <Commit sha={version.commit} href={`${link}/commit/${version.commit}`} />}
            {version.run && (
              <a href={hashOf({ view: 'run', id: version.run })}>{`run ${version.runNumber}`}</a>
            )}
            {version.pull !== null ? (
              <a href={`${link}/pulls/${version.pull}`}>{`#${version.pull}`}</a>
            ) : (
              version.branch
            )}
            {!version.run && <span class="dbx-light">not trained through this repository</span>}
            <span class="dbx-light dbx-small">
              registered <Time at={version.createdAt} />
            </span>
          </span>
        </div>
      </article>
    </li>
  );
}

/** The metric that counts first, then those with a gate, then the others. */
function inOrder(metrics: ModelVersion['metrics'], model: TabModel): [string, number | null][] {
  const configuration = model.repository.view.data.value?.configuration;
  const first = [configuration?.primary, ...(configuration?.gates ?? []).map((gate) => gate.metric)];
  const place = (name: string) => (first.includes(name) ? first.indexOf(name) : first.length);
  return Object.entries(metrics).sort(([a], [b]) => place(a) - place(b));
}

function Served({ version, live }: { version: ModelVersion; live: boolean }) {
  const last = version.released.at(-1);
  if (!last) return live ? <>in production</> : null;
  if (live) {
    const times = version.released.length;
    return (
      <>
        in production since <Time at={last.from} />
        {times > 1 && `, for the ${ordinal(times)} time`}
      </>
    );
  }
  if (last.until === null) return <>served</>;
  return (
    <>
      served <Took from={last.from} until={last.until} />, until <Time at={last.until} />
    </>
  );
}

function ordinal(count: number): string {
  return ['', 'first', 'second', 'third', 'fourth', 'fifth'][count] ?? `${count}th`;
}

function VersionAct({ entry, version, model }: VersionProps) {
  const released = version.released.length > 0;
  const kind = released && version.version < (entry.champion ?? 0) ? 'rollback' : 'promotion';
  const permission = kind === 'rollback' ? version.rollback : version.promote;
  const icon = kind === 'rollback' ? historyIcon : rocketIcon;
  const text = kind === 'rollback' ? `Roll back to v${version.version}` : `Promote v${version.version}`;
  if (model.repository.view.data.value?.permissions.release.allowed === false) {
    return (
      <Button icon={icon} disabled describedBy={notReleasable}>
        {text}
      </Button>
    );
  }
  return (
    <PermittedButton
      id={`dbx-version-${version.version}`}
      icon={icon}
      permission={permission}
      onClick={() => {
        model.dialog.value = { model: entry.key, kind, toVersion: version.version, release: null };
      }}
    >
      {text}
    </PermittedButton>
  );
}
