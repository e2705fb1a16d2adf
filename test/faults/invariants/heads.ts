/**
 * What is to be said of a head, judged from our runs by a rule of its own: neither the product's rule nor what the
 * product enqueued is asked, so that a word that was never enqueued, or a wrong one, is found.
 */
import type { World } from '../world/world.ts';
import { botName } from '../world/world.ts';
import type { SpeakingFacts, SpeakingRun } from './store-view.ts';

/** What people see of a commit at the forge. */
export interface ShownHead {
  /** "ml/wine#3", or "main of ml/wine". */
  name: string;
  repository: number;
  sha: string;
  /** null: the head of the default branch. */
  pull: number | null;
  /** Of what is over nobody puts the status in order any more; the comment stays to be read. */
  isOpen: boolean;
  /** The newest of `databricks/train`. */
  status: { state: string; targetUrl: string } | null;
  /** Our comments' texts. */
  comments: string[];
}

/** Default branches and pull requests, as the forge shows them now. */
export async function shownHeads(world: World): Promise<ShownHead[]> {
  const { store, git } = world.forge.forge.context;
  const heads: ShownHead[] = [];
  for (const fullName of world.repositories) {
    const repository = world.forge.repository(fullName);
    const statuses = world.forge.statuses(repository.id);
    const shown = (sha: string) => ({
      repository: repository.id,
      sha,
      status: statuses.get(sha)?.at(-1) ?? null,
    });
    const branch = repository.defaultBranch;
    const sha = await git.ref(repository, `refs/heads/${branch}`);
    if (sha !== undefined)
      heads.push({
        ...shown(sha),
        name: `${branch} of ${fullName}`,
        pull: null,
        isOpen: true,
        comments: [],
      });
    for (const pull of store.pulls.list({ repositoryId: repository.id }))
      heads.push({
        ...shown(pull.headSha),
        name: `${fullName}#${pull.index}`,
        pull: pull.index,
        isOpen: pull.state === 'open',
        comments: world.forge.commentsOf(botName, pull).map(({ body }) => body),
      });
  }
  return heads;
}

const ended = ['succeeded', 'failed', 'timed-out', 'cancelled', 'superseded'];
const hasEnded = ({ state }: Pick<SpeakingRun, 'state'>): boolean => ended.includes(state);

/** An experiment has a parameter that is not the declared one. */
function isExperiment({ configuration, parameters }: SpeakingRun): boolean {
  const { parameters: declared = [] } = JSON.parse(configuration) as {
    parameters?: { name: string; default: unknown }[];
  };
  const given = JSON.parse(parameters) as Record<string, unknown>;
  return declared.some(({ name, default: usual }) => name in given && given[name] !== usual);
}

/** A run under way has the word, then the last success, then the last of all. Experiments have none. */
function speaking(runs: readonly SpeakingRun[]): SpeakingRun | null {
  const heard = runs.filter((run) => !isExperiment(run)).toSorted((one, other) => one.number - other.number);
  return (
    heard.findLast((run) => !hasEnded(run)) ??
    heard.findLast(({ state }) => state === 'succeeded') ??
    heard.at(-1) ??
    null
  );
}

/** Whose outcome the status of a head is: a run; nobody's, for it was not trained; or nothing of ours, for it was tried out only. */
export function speakerOf(
  { runs, trees }: SpeakingFacts,
  head: ShownHead,
): SpeakingRun | 'nobody' | 'silent' {
  const here = runs.filter((run) => run.repository_id === head.repository);
  const own = here.filter((run) => run.commit_sha === head.sha);
  if (own.length > 0) return speaking(own) ?? 'silent';
  // A merge commit that has the files of a head that was trained.
  const tree = trees.find((row) => row.repository_id === head.repository && row.commit_sha === head.sha);
  const twins = here.filter((run) => run.trust === 'base' && run.tree_digest === tree?.tree_digest);
  return speaking(twins) ?? 'nobody';
}

const verdictStates: Record<string, string[]> = {
  pass: ['success'],
  fail: ['failure'],
  // What has fixed limits only is judged without a baseline.
  'no-baseline': ['success', 'warning'],
};
const runStates: Record<string, string[]> = {
  failed: ['failure'],
  'timed-out': ['failure'],
  cancelled: ['error'],
  superseded: ['error'],
};

interface StoredVerdict {
  outcome: string;
  title: string;
}
const read = (verdict: string): StoredVerdict => JSON.parse(verdict) as StoredVerdict;

/** States that the status may have; a run of several pull requests speaks for one of them. */
function fitting(run: SpeakingRun, runPulls: HeadFacts['runPulls']): string[] {
  if (!hasEnded(run)) return ['pending'];
  if (run.state !== 'succeeded') return runStates[run.state] ?? [];
  const ofPulls = runPulls.filter((row) => row.run_id === run.id).map(({ verdict }) => verdict);
  const verdicts = run.verdict === null ? ofPulls : [run.verdict];
  return verdicts.flatMap((verdict) =>
    verdict === null ? [] : (verdictStates[read(verdict).outcome] ?? []),
  );
}

export interface HeadFacts extends SpeakingFacts {
  runPulls: { run_id: string; repository_id: number; pull_index: number; verdict: string | null }[];
}

/** Each head that is waited for shows how the run that speaks for it ended, and leads to that run. */
export function statusObjections(facts: HeadFacts, heads: readonly ShownHead[]): string[] {
  return heads.flatMap((head) => {
    if (!head.isOpen) return [];
    const speaker = speakerOf(facts, head);
    if (speaker === 'silent') return [];
    const name = `${head.sha.slice(0, 10)} (${head.name})`;
    if (head.status === null) return [`${name} has no status`];
    const { state, targetUrl } = head.status;
    if (speaker === 'nobody') {
      const tells = state !== 'pending' && !targetUrl.includes('#/runs/');
      return tells ? [] : [`${name} was not trained, and shows ${state} of ${targetUrl}`];
    }
    const run = `run ${speaker.number}, which ${hasEnded(speaker) ? 'is' : 'is still'} ${speaker.state}`;
    const states = fitting(speaker, facts.runPulls);
    return [
      ...(states.includes(state) ? [] : [`${name} shows ${state} for ${run}`]),
      ...(targetUrl.endsWith(`#/runs/${speaker.id}`)
        ? []
        : [`${name} leads to ${targetUrl} instead of ${run}`]),
    ];
  });
}

const headings: Record<string, string> = {
  waiting: 'Training waits for approval',
  failed: 'Training failed',
  'timed-out': 'Training timed out',
  cancelled: 'Training was cancelled',
  superseded: 'Training was superseded',
};
/** What is said as long as nothing is decided. */
const unsettled =
  /Waits for Databricks\.|Trains on Databricks\.|files are being uploaded|metrics are being read|waits for approval|^### Training$/m;

/** Each comment tells how the run that speaks for the pull request's head ended, and leads to that run. */
export function commentObjections({ runs, runPulls }: HeadFacts, heads: readonly ShownHead[]): string[] {
  return heads.flatMap((head) => {
    const links = runPulls.filter(
      (row) => row.repository_id === head.repository && row.pull_index === head.pull,
    );
    const verdicts = new Map(links.map((row) => [row.run_id, row.verdict]));
    const own = runs.filter((run) => verdicts.has(run.id) && run.commit_sha === head.sha);
    // Where nothing but experiments was run the comment shows the last of them.
    const run = speaking(own) ?? own.toSorted((one, other) => one.number - other.number).at(-1);
    if (run === undefined || !(hasEnded(run) || run.state === 'waiting')) return [];
    const verdict = verdicts.get(run.id) ?? null;
    const heading = run.state !== 'succeeded' ? headings[run.state] : verdict && read(verdict).title;
    return head.comments.flatMap((text) => {
      // Signs that Markdown would take for its own have a backslash.
      const plain = text.replaceAll('\\', '');
      const name = `the comment in ${head.name}`;
      const link = new RegExp(`\\[Run ${run.number}\\]\\(<?[^)\\s]*#/runs/${run.id}>?\\)`);
      const left = hasEnded(run) ? unsettled.exec(plain) : null;
      return [
        ...(plain.split('\n').includes(`### ${heading}`) ? [] : [`${name} does not say "${heading}"`]),
        ...(link.test(plain) ? [] : [`${name} does not lead to run ${run.number}`]),
        ...(left === null ? [] : [`${name} still says "${left[0]}"`]),
      ];
    });
  });
}

/** Heads whose run has ended, or that need none, and of which nothing final is said yet. */
export function untoldHeads(facts: SpeakingFacts, heads: readonly ShownHead[]): string[] {
  return heads.flatMap((head) => {
    if (!head.isOpen) return [];
    const speaker = speakerOf(facts, head);
    // A pull request that nothing is known of waits for its run, not for words about none.
    if (speaker === 'silent' || (speaker === 'nobody' && head.pull !== null)) return [];
    if (speaker !== 'nobody' && !hasEnded(speaker)) return [];
    const isTold = head.status !== null && head.status.state !== 'pending';
    return isTold ? [] : [`${head.name}: nothing final is said of ${head.sha.slice(0, 10)}`];
  });
}
