import { Fragment } from 'preact';
import type { RunDetail, RunSummary } from '../../../contract/run.ts';
import { ButtonLink, PermittedButton } from '../../components/button.tsx';
import { Emphasis } from '../../components/emphasis.tsx';
import { Icon } from '../../components/icon.tsx';
import { gitCompareIcon, linkExternalIcon, stopIcon, syncIcon } from '../../components/icons.ts';
import { Person } from '../../components/person.tsx';
import { isActive, runMark } from '../../components/run-state.ts';
import { Badge, Commit } from '../../components/states.tsx';
import { Time, Took } from '../../components/time.tsx';
import type { Acts } from '../../models/act.ts';
import { beakerIcon, gitCommitIcon, packageIcon, rocketIcon } from './icons.ts';
import { hashOf } from './route.ts';
import type { TabModel } from './tab-model.ts';

export interface RunHeaderProps {
  detail: RunDetail;
  model: TabModel;
  acts: Acts<'cancel' | 'retry'>;
  refresh: () => void;
}

/** What it is, how it went, and what can be done. */
export function RunHeader({ detail, model, acts, refresh }: RunHeaderProps) {
  const { run, verdict, actions, provenance } = detail;
  const mark = runMark(run);
  const { api } = model.context;
  const busy = acts.now.value.state === 'running' ? acts.now.value.what : null;
  const act = (what: 'cancel' | 'retry') => {
    void acts
      .run(what, async () => {
        if (what === 'cancel') return api.cancel(run.id);
        const next = await api.retry(run.id);
        // What was started is what the reader wants to see.
        if (isRun(next)) location.hash = hashOf({ view: 'run', id: next.id });
      })
      .then(refresh);
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
            <Fragment key={pull.index}>
              <a href={pull.url}>{`#${pull.index}`}</a>{' '}
            </Fragment>
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
        {detail.baselineRun && detail.baselineRun !== run.id && run.state === 'succeeded' && (
          <ButtonLink
            icon={gitCompareIcon}
            href={hashOf({ view: 'compare', ids: [detail.baselineRun, run.id] })}
          >
            {verdict?.baseline.version
              ? `Compare with v${verdict.baseline.version}`
              : 'Compare with the baseline'}
          </ButtonLink>
        )}
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

function isRun(answer: unknown): answer is Pick<RunSummary, 'id'> {
  return typeof (answer as Partial<RunSummary> | null)?.id === 'string';
}

const triggers = {
  push: 'pushed to',
  'pull-request': 'pushed to',
  manual: 'trained',
  retry: 'trained again',
};

/** Commit → run → version → release: where it came from and what became of it. */
export function RunChain({ detail, model }: { detail: RunDetail; model: TabModel }) {
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
