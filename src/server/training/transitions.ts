/**
 * The states of a run, what can happen to it, and what each happening leads to: one table, which the journal obeys,
 * docs/run-states.md is written from, and the tests walk through. Longer than most modules because it is a table.
 */
import type { AuditAction } from '../../contract/audit.ts';
import type { RunState } from '../../contract/run.ts';
import type { Guard } from './guards.ts';
import { guards } from './guards.ts';
import type { Run } from './ports.ts';

/**
 * What goes out with a transition: `tell` is the commit's status and the reports of its pull requests, the others are
 * topics of the outbox under the key `run:<id>`. `cancel` goes out where something may go on at Databricks.
 */
export type Sending = 'tell' | 'upload' | 'submit' | 'cancel';

export interface Transition {
  from: readonly RunState[];
  to: RunState;
  /** What happened, as a sentence. */
  means: string;
  guards: readonly Guard[];
  /** The one entry that it leaves in the audit log. */
  audit: AuditAction;
  outcome: 'done' | 'failed';
  sends: readonly Sending[];
}

const open = ['waiting', 'queued', 'uploading', 'submitted', 'running', 'evaluating'] as const;
const atDatabricks = ['submitted', 'running'] as const;
const ends = { audit: 'run.ended', outcome: 'failed', sends: ['tell'] } as const;
const movesOn = { audit: 'run.advanced', outcome: 'done' } as const;

/** How a run comes into being. Its token is stored with it, before anything is sent. */
export const births: Readonly<
  Record<'waiting' | 'queued', Pick<Transition, 'means' | 'audit' | 'outcome' | 'sends'>>
> = {
  waiting: {
    means: 'A fork’s pull request has a new head.',
    audit: 'run.created',
    outcome: 'done',
    sends: ['tell'],
  },
  queued: {
    means: 'A push, a pull request or a person asks for training.',
    audit: 'run.created',
    outcome: 'done',
    sends: ['tell', 'upload'],
  },
};

const table = {
  approved: {
    from: ['waiting'],
    to: 'queued',
    means: 'A writer approved this commit of a fork.',
    guards: [guards.ofFork, guards.mayStart, guards.byPerson],
    audit: 'run.fork-approved',
    outcome: 'done',
    sends: ['tell', 'upload'],
  },
  'taken-up': {
    from: ['queued'],
    to: 'uploading',
    means: 'The outbox has come to its files.',
    guards: [],
    ...movesOn,
    sends: [],
  },
  uploaded: {
    from: ['uploading'],
    to: 'uploading',
    means: 'Its files are in the workspace.',
    guards: [guards.notUploaded, guards.uploaded],
    ...movesOn,
    sends: ['submit'],
  },
  started: {
    from: ['uploading'],
    to: 'submitted',
    means: 'Databricks has accepted it.',
    guards: [guards.uploaded, guards.notStarted, guards.hasRemote, guards.mayStart],
    audit: 'run.submitted',
    outcome: 'done',
    sends: [],
  },
  'seen-running': {
    from: ['submitted'],
    to: 'running',
    means: 'Databricks runs it.',
    guards: [guards.hasRemote],
    ...movesOn,
    sends: ['tell'],
  },
  trained: {
    from: atDatabricks,
    to: 'evaluating',
    means: 'It ended with success at Databricks.',
    guards: [guards.hasRemote],
    ...movesOn,
    sends: [],
  },
  judged: {
    from: ['evaluating'],
    to: 'succeeded',
    means: 'Its result was read, frozen and compared.',
    guards: [guards.hasRemote, guards.hasResult],
    ...ends,
    outcome: 'done',
  },
  'failed-remotely': {
    from: atDatabricks,
    to: 'failed',
    means: 'It failed at Databricks.',
    guards: [guards.hasRemote, guards.saysWhy],
    ...ends,
  },
  'cancelled-remotely': {
    from: atDatabricks,
    to: 'cancelled',
    means: 'Somebody cancelled it at Databricks.',
    guards: [guards.hasRemote, guards.saysWhy],
    ...ends,
  },
  'timed-out': {
    from: atDatabricks,
    to: 'timed-out',
    means: 'Databricks ended it when its time was over.',
    guards: [guards.hasRemote, guards.saysWhy],
    ...ends,
  },
  overran: {
    from: atDatabricks,
    to: 'timed-out',
    means: 'Its time was over, and Databricks did not end it.',
    guards: [guards.hasRemote, guards.pastTimeout, guards.saysWhy],
    ...ends,
    sends: ['tell', 'cancel'],
  },
  refused: {
    from: ['uploading', 'submitted', 'running', 'evaluating'],
    to: 'failed',
    means: 'A step failed in a way that repeating does not change.',
    guards: [guards.saysWhy],
    ...ends,
    sends: ['tell', 'cancel'],
  },
  'gave-up': {
    from: ['uploading', 'submitted', 'running', 'evaluating'],
    to: 'failed',
    means: 'Gitea or Databricks did not answer as they should for too long.',
    guards: [guards.outOfPatience, guards.saysWhy],
    ...ends,
    sends: ['tell', 'cancel'],
  },
  'cancelled-by-person': {
    from: open,
    to: 'cancelled',
    means: 'A person cancelled it.',
    guards: [guards.byPerson, guards.saysWhy],
    audit: 'run.cancel-requested',
    outcome: 'done',
    sends: ['tell', 'cancel'],
  },
  superseded: {
    from: open,
    to: 'superseded',
    means: 'Its pull request has a newer head, was closed, or is trained with other parameters.',
    guards: [guards.notPushed, guards.neededByNone, guards.saysWhy],
    ...ends,
    outcome: 'done',
    sends: ['tell', 'cancel'],
  },
} as const satisfies Record<string, Transition>;

/** What can happen to a run. */
export type RunEvent = keyof typeof table;

export const transitions: Readonly<Record<RunEvent, Transition>> = table;

/** What comes to a run with one event alone. */
export const broughtBy = {
  snapshot: 'uploaded',
  databricksRunId: 'started',
  mlflowRunId: 'judged',
  metrics: 'judged',
  verdict: 'judged',
} as const satisfies Partial<Record<keyof Run, RunEvent>>;

/** Of each state, whether the watcher looks at runs in it, the outbox has their next step, or they ended. */
const careOf: Readonly<Record<RunState, 'person' | 'outbox' | 'watcher' | 'nobody'>> = {
  waiting: 'person',
  queued: 'outbox',
  uploading: 'outbox',
  submitted: 'watcher',
  running: 'watcher',
  evaluating: 'watcher',
  succeeded: 'nobody',
  failed: 'nobody',
  cancelled: 'nobody',
  superseded: 'nobody',
  'timed-out': 'nobody',
};

export const runStates = Object.keys(careOf) as RunState[];
export const finalStates = runStates.filter((state) => careOf[state] === 'nobody');
/** Under way: neither final nor waiting for a person. */
export const activeStates = runStates.filter(
  (state) => careOf[state] === 'outbox' || careOf[state] === 'watcher',
);
/** Who brings a run in this state on. */
export const caredForBy = (state: RunState) => careOf[state];
export const isFinal = (state: RunState): boolean => careOf[state] === 'nobody';

/**
 * Whether something may go on at Databricks that nobody here would look at once the run ended. Before its files were
 * there nothing was asked to start.
 */
export const mayGoOn = ({ state, databricksRunId, snapshot }: Run): boolean =>
  (databricksRunId !== null && caredForBy(state) === 'watcher' && state !== 'evaluating') ||
  (state === 'uploading' && snapshot !== null);
