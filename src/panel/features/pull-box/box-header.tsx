import type { ComponentChildren } from 'preact';
import type { PullView } from '../../../contract/pull.ts';
import type { RunSummary } from '../../../contract/run.ts';
import { useNow } from '../../components/clock.ts';
import type { IconShape } from '../../components/icon.tsx';
import { Icon } from '../../components/icon.tsx';
import {
  circleIcon,
  dotFillIcon,
  questionIcon,
  runningIcon,
  skipIcon,
  xCircleFillIcon,
} from '../../components/icons.ts';
import { verdictMark } from '../../components/run-state.ts';
import { pageLanguage } from '../../format/language.ts';
import { clockTime, durationText, roughDuration } from '../../format/time.ts';
import type { PullModel } from '../../models/pull-model.ts';
import { boxState, candidateName, expectedDuration } from './box-state.ts';
import type { BoxLinks } from './index.tsx';

interface Title {
  icon: IconShape;
  tone: 'pass' | 'fail' | 'wait' | 'quiet';
  title: ComponentChildren;
  subtitle: ComponentChildren;
}

/** The title is the verdict; beside it what it is about, at the end the way to more. */
export function BoxHeader({ view, model, links }: { view: PullView; model: PullModel; links: BoxLinks }) {
  const { icon, tone, title, subtitle } = titleOf(view);
  const state = boxState(view);
  return (
    <h4 class="ui top attached header dbx-head">
      <Icon of={icon} class={`dbx-tone-${tone}`} size={18} />
      <span class="dbx-head-text" aria-live="polite">
        <b>{title}</b> <span class="dbx-subtitle">{subtitle}</span>
      </span>
      <span class="dbx-head-end">
        {state === 'training' && view.run !== null && <Elapsed view={view} run={view.run} />}
        {state === 'failed' && view.run !== null && (
          <a class="dbx-small" href={view.run.url}>
            Full log
          </a>
        )}
        {state !== 'training' && hasDetails(view) && (
          <DetailsButton view={view} model={model} links={links} />
        )}
      </span>
    </h4>
  );
}

function DetailsButton({ view, model }: { view: PullView; model: PullModel; links: BoxLinks }) {
  const open = model.open.value !== null;
  const toggle = () => {
    model.open.value = open ? null : view.verdict === null ? 'runs' : 'metrics';
  };
  return (
    <button
      type="button"
      class="btn interact-fg dbx-plain"
      aria-expanded={open}
      aria-controls="dbx-details"
      onClick={toggle}
    >
      {open ? 'Hide details' : 'Show details'}
    </button>
  );
}

function hasDetails(view: PullView): boolean {
  return view.verdict !== null || view.runs.length > 0;
}

function titleOf(view: PullView): Title {
  const { run, verdict } = view;
  const sha = view.head.slice(0, 10);
  switch (boxState(view)) {
    case 'judged':
      if (verdict === null) break;
      return { ...verdictMark(verdict.outcome), title: verdict.title, subtitle: comparison(view) };
    case 'unjudged':
      return { icon: questionIcon, tone: 'quiet', title: 'Trained, not judged', subtitle: sha };
    case 'training':
      return { icon: runningIcon, tone: 'wait', title: trainingTitle(run), subtitle: `${sha} on Databricks` };
    case 'failed':
      return {
        icon: xCircleFillIcon,
        tone: 'fail',
        title: failureTitle(view),
        subtitle: failureDetail(view),
      };
    case 'stopped':
      return {
        icon: skipIcon,
        tone: 'quiet',
        title: run?.state === 'superseded' ? 'Training was superseded' : 'Training was cancelled',
        subtitle: sha,
      };
    case 'waiting':
      return {
        icon: dotFillIcon,
        tone: 'wait',
        title: 'Training waits for approval',
        subtitle: 'pull request from a fork',
      };
    default:
      break;
  }
  return { icon: circleIcon, tone: 'quiet', title: 'Not trained', subtitle: sha };
}

/** "v13 compared with v12 in production", with the age of what is said while Databricks does not answer. */
function comparison(view: PullView): string {
  const { connection, verdict } = view;
  const baseline = verdict?.baseline;
  const names =
    baseline === undefined || baseline.kind === 'none'
      ? candidateName(view)
      : `${candidateName(view)} compared with ${baseline.label}`;
  if (connection.state === 'ok' || connection.asOf === null) return names;
  return `as of ${clockTime(new Date(connection.asOf), new Date(), pageLanguage())}, ${names}`;
}

function trainingTitle(run: RunSummary | null): string {
  if (run?.state === 'queued') return 'Training is queued';
  if (run?.state === 'uploading') return 'Uploading the commit';
  if (run?.state === 'submitted') return 'Training starts';
  if (run?.state === 'evaluating') return 'Evaluating';
  return 'Training';
}

function failureTitle(view: PullView): ComponentChildren {
  if (view.run?.state === 'timed-out') return 'Training timed out';
  const task = view.error?.task ?? null;
  if (task === null) return 'Training failed';
  return (
    <>
      Training failed in task <code>{task}</code>
    </>
  );
}

function failureDetail(view: PullView): string {
  const sha = view.head.slice(0, 10);
  const { run } = view;
  if (run?.startedAt == null || run.endedAt === null) return sha;
  return `${sha}, after ${durationText(Date.parse(run.endedAt) - Date.parse(run.startedAt))}`;
}

function Elapsed({ view, run }: { view: PullView; run: RunSummary }) {
  const now = useNow(1_000);
  const elapsed = now.getTime() - Date.parse(run.startedAt ?? run.createdAt);
  const expected = expectedDuration(view);
  return (
    <span class="dbx-elapsed">
      {durationText(elapsed)}
      {expected !== null && elapsed < expected * 1.5 && (
        <span class="dbx-when-wide"> of about {roughDuration(expected)}</span>
      )}
    </span>
  );
}
