import { useEffect, useMemo, useState } from 'preact/hooks';
import type { RunDetail } from '../../../contract/run.ts';
import { Access } from '../../components/access.tsx';
import { ButtonLink, PermittedButton } from '../../components/button.tsx';
import { Emphasis } from '../../components/emphasis.tsx';
import { Icon } from '../../components/icon.tsx';
import { linkExternalIcon, stopIcon, syncIcon } from '../../components/icons.ts';
import { MetricTable } from '../../components/metric-table.tsx';
import { Person } from '../../components/person.tsx';
import { isActive, runMark } from '../../components/run-state.ts';
import { Badge, Commit, Notice, Skeleton } from '../../components/states.tsx';
import { Time, Took } from '../../components/time.tsx';
import { Acts } from '../../models/act.ts';
import { Resource } from '../../models/resource.ts';
import { beakerIcon, gitCommitIcon, packageIcon, rocketIcon } from './icons.ts';
import { RunCurves } from './run-curves.tsx';
import { RunTasks } from './run-tasks.tsx';
import type { TabModel } from './tab-model.ts';

/** One run: the chain from commit to release, its metrics against production, tasks, parameters, artifacts. */
export function RunView({ model, id }: { model: TabModel; id: string }) {
  const { api, live, signIn } = model.context;
  const abort = useMemo(() => new AbortController(), []);
  const run = useMemo(() => {
    const resource = new Resource((stop) => api.run(id, stop), abort.signal);
    live.listen(
      (event) => event.kind !== 'run' || event.id === id,
      () => void resource.refresh(),
      abort.signal,
    );
    void resource.refresh();
    return resource;
  }, [api, live, id, abort]);
  useEffect(() => () => abort.abort(), [abort]);
  const acts = useMemo(() => new Acts<'cancel' | 'retry'>(), []);

  const detail = run.data.value;
  if (detail === null) {
    if (run.problem.value === null) return <Skeleton rows={8} label="Loading the run" />;
    return (
      <div class="ui segment dbx-access">
        <Access
          problem={run.problem.value}
          signIn={signIn}
          purpose="to see this run"
          retry={() => void run.refresh()}
        />
      </div>
    );
  }
  const refused = acts.now.value.state === 'refused' ? acts.now.value.problem : null;
  return (
    <>
      <Header detail={detail} model={model} acts={acts} refresh={() => void run.refresh()} />
      {refused && <Notice tone="error">{refused.message}</Notice>}
      <Chain detail={detail} model={model} />
      <div class="dbx-columns">
        <div class="dbx-column">
          {detail.error && <Failure error={detail.error} />}
          <RunCurves detail={detail} model={model} />
          <RunTasks detail={detail} api={api} />
          <Artifacts detail={detail} />
        </div>
        <div class="dbx-column">
          <Comparison detail={detail} />
          <Parameters detail={detail} />
          <RanWith detail={detail} />
        </div>
      </div>
    </>
  );
}

interface HeaderProps {
  detail: RunDetail;
  model: TabModel;
  acts: Acts<'cancel' | 'retry'>;
  refresh: () => void;
}

function Header({ detail, model, acts, refresh }: HeaderProps) {
  const { run, verdict, actions, provenance } = detail;
  const mark = runMark(run);
  const { api } = model.context;
  const busy = acts.now.value.state === 'running' ? acts.now.value.what : null;
  const act = (what: 'cancel' | 'retry') => {
    void acts.run(what, () => (what === 'cancel' ? api.cancel(run.id) : api.retry(run.id))).then(refresh);
  };
  return (
    <header class="dbx-run-head">
      <div>
        <h2>
          <Icon of={mark.icon} size={20} class={`dbx-tone-${mark.tone}`} label={mark.text} />
          <span>
            Run {run.number} <span class="dbx-run-head-title">{run.title}</span>
          </span>
          {run.version !== null && <Badge>{`v${run.version}`}</Badge>}
          <Badge tone={run.outcome === 'fail' || run.state === 'failed' ? 'error' : 'plain'}>
            {verdict?.title ?? mark.text}
          </Badge>
        </h2>
        <p class="dbx-light dbx-small">
          {run.actor && <Person person={run.actor} />} {triggers[run.trigger]}{' '}
          {run.pulls.map((pull) => (
            <a key={pull.index} href={pull.url}>{`#${pull.index} `}</a>
          ))}
          {run.pulls.length === 0 && `${run.branch} `}
          <Time at={run.createdAt} />
          {run.startedAt && (
            <>
              , {run.endedAt ? 'took' : 'runs for'} <Took from={run.startedAt} until={run.endedAt} />
            </>
          )}
        </p>
        {(verdict?.summary ?? run.stateReason) && (
          <p>
            <Emphasis
              text={verdict?.summary ?? run.stateReason ?? ''}
              names={verdict?.metrics.map((row) => row.metric) ?? []}
            />
          </p>
        )}
      </div>
      <div class="dbx-run-head-acts">
        {provenance.databricksUrl && (
          <ButtonLink icon={linkExternalIcon} href={provenance.databricksUrl}>
            Open in Databricks
          </ButtonLink>
        )}
        {isActive(run.state) ? (
          <PermittedButton
            id="dbx-cancel"
            icon={stopIcon}
            permission={actions.cancel}
            busy={busy === 'cancel'}
            onClick={() => act('cancel')}
          >
            Cancel
          </PermittedButton>
        ) : (
          <PermittedButton
            id="dbx-retry"
            icon={syncIcon}
            permission={actions.retry}
            busy={busy === 'retry'}
            onClick={() => act('retry')}
          >
            Train again
          </PermittedButton>
        )}
      </div>
    </header>
  );
}

const triggers = {
  push: 'pushed to',
  'pull-request': 'pushed to',
  manual: 'trained',
  retry: 'trained again',
};

/** Commit → run → version → release: where it came from and what became of it. */
function Chain({ detail, model }: { detail: RunDetail; model: TabModel }) {
  const { run, provenance, release } = detail;
  const { link } = model.context.page.repository;
  return (
    <ol class="dbx-chain">
      <li>
        <span class="dbx-light dbx-small">
          <Icon of={gitCommitIcon} /> Commit
        </span>
        <Commit sha={run.commit} href={`${link}/commit/${run.commit}`} /> {run.branch}
      </li>
      <li>
        <span class="dbx-light dbx-small">
          <Icon of={beakerIcon} /> Run
        </span>
        <b>{run.number}</b>{' '}
        <span class="dbx-light">
          {provenance.mlflowRunId ? `MLflow ${provenance.mlflowRunId.slice(0, 8)}` : runMark(run).text}
        </span>
      </li>
      <li>
        <span class="dbx-light dbx-small">
          <Icon of={packageIcon} /> Model version
        </span>
        {run.version === null ? <span class="dbx-light">none registered</span> : <b>{`v${run.version}`}</b>}{' '}
        {run.aliases.map((alias) => (
          <Badge key={alias} tone="success">
            {alias}
          </Badge>
        ))}
      </li>
      <li>
        <span class="dbx-light dbx-small">
          <Icon of={rocketIcon} /> Release
        </span>
        <span>{release ?? <span class="dbx-light">not released</span>}</span>
      </li>
    </ol>
  );
}

function Failure({ error }: { error: NonNullable<RunDetail['error']> }) {
  return (
    <section class="dbx-card">
      <h3 class="dbx-card-head">{error.task ? `Failed in ${error.task}` : 'Failed'}</h3>
      <div class="dbx-card-body">
        <p class="dbx-change-broken">{error.message}</p>
        {error.trace && <pre class="dbx-log">{error.trace}</pre>}
      </div>
    </section>
  );
}

function Comparison({ detail }: { detail: RunDetail }) {
  const { verdict, run } = detail;
  if (verdict === null) return null;
  const candidate = run.version === null ? 'This run' : `v${run.version}`;
  return (
    <section class="dbx-card">
      <h3 class="dbx-card-head">
        {verdict.baseline.kind === 'none' ? 'Metrics' : `Compared with ${verdict.baseline.label}`}
      </h3>
      <MetricTable
        rows={verdict.metrics}
        candidate={candidate}
        baseline={verdict.baseline.label}
        gates={false}
      />
    </section>
  );
}

function Parameters({ detail }: { detail: RunDetail }) {
  const [differing, setDiffering] = useState(false);
  const rows = detail.parameters.filter((row) => !differing || row.value !== row.baseline);
  const compared = detail.parameters.some((row) => row.baseline !== null);
  if (detail.parameters.length === 0) return null;
  return (
    <section class="dbx-card">
      <h3 class="dbx-card-head">
        Parameters
        {compared && (
          <label class="dbx-check">
            <input
              type="checkbox"
              checked={differing}
              onChange={(event) => setDiffering(event.currentTarget.checked)}
            />{' '}
            Only what differs
          </label>
        )}
      </h3>
      <table class="dbx-table">
        <thead>
          <tr>
            <th>Parameter</th>
            {compared && <th class="dbx-end">Baseline</th>}
            <th class="dbx-end">This run</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <td class="dbx-mono">{row.name}</td>
              {compared && <td class="dbx-end dbx-light">{row.baseline ?? '–'}</td>}
              <td class="dbx-end">
                {compared && row.value !== row.baseline ? (
                  <span class="dbx-differs">{row.value}</span>
                ) : (
                  row.value
                )}
              </td>
            </tr>
          ))}
          {rows.length === 0 && (
            <tr>
              <td class="dbx-light" colSpan={3}>
                No parameter differs.
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </section>
  );
}

function Artifacts({ detail }: { detail: RunDetail }) {
  if (detail.artifacts.length === 0) return null;
  return (
    <section class="dbx-card">
      <h3 class="dbx-card-head">Artifacts</h3>
      <ul class="dbx-list">
        {detail.artifacts.map((artifact) => (
          <li key={artifact.path}>
            <span class="dbx-mono">
              {artifact.path}
              {artifact.directory && '/'}
            </span>
            <span class="dbx-light">{artifact.size !== null && sizeText(artifact.size)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Bytes as "38 KiB". */
function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB'];
  const power = Math.min(units.length, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toPrecision(3)} ${units[power - 1]}`;
}

function RanWith({ detail }: { detail: RunDetail }) {
  const { provenance, run } = detail;
  const rows: [string, string | null][] = [
    ['Job', provenance.job],
    ['Databricks run', provenance.databricksRunId],
    ['Identity', provenance.principal],
    ['Configuration', provenance.configurationCommit?.slice(0, 10) ?? null],
    ['Attempt', String(run.attempt)],
    ['Snapshot', provenance.snapshot],
  ];
  return (
    <section class="dbx-card">
      <h3 class="dbx-card-head">Ran with</h3>
      <dl class="dbx-facts">
        {rows.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd class={name === 'Snapshot' ? 'dbx-mono' : undefined}>{value}</dd>
              </div>
            ),
        )}
      </dl>
    </section>
  );
}
