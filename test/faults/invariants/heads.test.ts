import { describe, expect, test } from 'vitest';
import { renderReport } from '../../../src/server/report/render-report.ts';
import type { HeadFacts, ShownHead } from './heads.ts';
import { commentObjections, statusObjections, untoldHeads } from './heads.ts';
import type { SpeakingRun } from './store-view.ts';

const repository = 7;
const sha = (letter: string) => letter.repeat(40);
const page = (id: string) => `http://forge/ml/wine?tab=databricks#/runs/${id}`;
const verdict = (outcome: string, title: string) => JSON.stringify({ outcome, title });
const declared = JSON.stringify({ parameters: [{ name: 'depth', default: 2 }] });

function run(number: number, commit: string, state: string, change: Partial<SpeakingRun> = {}): SpeakingRun {
  return {
    id: `r${number}`,
    repository_id: repository,
    number,
    commit_sha: commit,
    tree_digest: `tree of ${commit}`,
    trust: 'base',
    state,
    configuration: declared,
    parameters: JSON.stringify({ depth: 2 }),
    verdict: null,
    ...change,
  };
}

const experiment = { parameters: JSON.stringify({ depth: 9 }) };

/** As the product writes it. */
const comment = (number: number, state: string, title: string, commit: string): string =>
  renderReport({
    head: commit,
    commitUrl: `http://forge/ml/wine/commit/${commit}`,
    run: { number, state, error: null, stateReason: null, url: page(`r${number}`), commit },
    verdict: { title, primary: 'rmse', summary: 'rmse 0.4', baseline: { kind: 'none' }, metrics: [] },
    model: null,
    baselineUrl: null,
    history: { candidate: null, baseline: null },
    notes: [],
    promotion: null,
  } as unknown as Parameters<typeof renderReport>[0]);

const status = (state: string, id: string) => ({ state, targetUrl: page(id) });

interface Recorded {
  facts: HeadFacts;
  heads: ShownHead[];
}

const main = sha('a');

/** Pull requests by number: their head, its runs, and what is shown of it. */
const pulls: { commit: string; runs: SpeakingRun[]; state: string; speaker: number; isOpen?: false }[] = [
  { commit: sha('b'), runs: [run(1, sha('b'), 'succeeded')], state: 'success', speaker: 1 },
  { commit: sha('c'), runs: [run(2, sha('c'), 'failed')], state: 'failure', speaker: 2 },
  { commit: sha('d'), runs: [run(3, sha('d'), 'cancelled')], state: 'error', speaker: 3 },
  {
    commit: sha('e'),
    runs: [run(4, sha('e'), 'succeeded'), run(5, sha('e'), 'failed')],
    state: 'success',
    speaker: 4,
  },
  {
    commit: sha('f'),
    runs: [run(6, sha('f'), 'succeeded'), run(7, sha('f'), 'failed', experiment)],
    state: 'success',
    speaker: 6,
  },
  {
    commit: sha('1'),
    runs: [run(8, sha('1'), 'waiting', { trust: 'fork' })],
    state: 'pending',
    speaker: 8,
  },
  { commit: sha('2'), runs: [run(9, sha('2'), 'succeeded')], state: 'success', speaker: 9, isOpen: false },
];

/** A repository in which all is as it should be. */
function inOrder(): Recorded {
  const runs = pulls.flatMap((pull) => pull.runs);
  const title = 'The gate passes';
  return {
    facts: {
      runs,
      runPulls: pulls.flatMap((pull, at) =>
        pull.runs.map(({ id, state }) => ({
          run_id: id,
          repository_id: repository,
          pull_index: at + 1,
          verdict: state === 'succeeded' ? verdict('pass', title) : null,
        })),
      ),
      // The merge of what run 9 trained has the same files.
      trees: [{ repository_id: repository, commit_sha: main, tree_digest: `tree of ${sha('2')}` }],
    },
    heads: [
      {
        name: 'main of ml/wine',
        repository,
        sha: main,
        pull: null,
        isOpen: true,
        status: status('success', 'r9'),
        comments: [],
      },
      ...pulls.map(({ commit, state, speaker, isOpen = true }, at) => ({
        name: `ml/wine#${at + 1}`,
        repository,
        sha: commit,
        pull: at + 1,
        isOpen,
        status: status(state, `r${speaker}`),
        comments: [comment(speaker, runs[speaker - 1]?.state ?? '', title, commit)],
      })),
    ],
  };
}

const objections = ({ facts, heads }: Recorded) => [
  ...statusObjections(facts, heads),
  ...commentObjections(facts, heads),
];

/** Changes what we know, and says how the head is shown then. */
type Tamper = (facts: HeadFacts) => Partial<ShownHead>;

/** Of the pull request, or of the default branch. */
function change({ facts, heads }: Recorded, pull: number | null, tamper: Tamper): void {
  const head = heads.find((one) => one.pull === pull);
  if (!head) throw new Error(`There is no head of ${pull}.`);
  Object.assign(head, tamper(facts));
}

function judge({ runPulls }: HeadFacts, id: string, judgement: string): void {
  for (const link of runPulls) if (link.run_id === id) link.verdict = judgement;
}

test('nothing is said against what is in order', () => {
  const recorded = inOrder();
  expect(objections(recorded)).toEqual([]);
  expect(untoldHeads(recorded.facts, recorded.heads)).toEqual([]);
});

describe('found is', () => {
  test.each<[string, number | null, Tamper, RegExp[], boolean]>([
    [
      'a status that was left pending when the run succeeded',
      1,
      () => ({ status: status('pending', 'r1') }),
      [/bbbb.*#1\) shows pending for run 1, which is succeeded/],
      true,
    ],
    ['a status that never came', 1, () => ({ status: null }), [/#1\) has no status/], true],
    [
      'a success for a run that failed',
      2,
      () => ({ status: status('success', 'r2') }),
      [/#2\) shows success for run 2, which is failed/],
      false,
    ],
    [
      'a success for a run whose gates fail',
      1,
      (facts) => {
        judge(facts, 'r1', verdict('fail', 'The gate fails'));
        return {};
      },
      [/#1\) shows success for run 1/, /does not say "The gate fails"/],
      false,
    ],
    [
      'the status of a retry that failed over the success that counts',
      4,
      () => ({ status: status('failure', 'r5') }),
      [/#4\) shows failure for run 4/, /#4\) leads to .*r5 instead of run 4/],
      false,
    ],
    [
      'the status of an experiment',
      5,
      () => ({ status: status('failure', 'r7') }),
      [/#5\) shows failure for run 6/, /leads to .*r7/],
      false,
    ],
    [
      'a success for a fork that nobody approved',
      6,
      () => ({ status: status('success', 'r8') }),
      [/#6\) shows success for run 8, which is still waiting/],
      false,
    ],
    [
      'a merge commit that was told of its head’s beginning only',
      null,
      () => ({ status: status('pending', 'r9') }),
      [/main of ml\/wine\) shows pending for run 9/],
      true,
    ],
    [
      'a run that is named for a commit that was not trained',
      null,
      (facts) => {
        facts.trees = [];
        return {};
      },
      [/main of ml\/wine\) was not trained, and shows success of .*r9/],
      false,
    ],
    [
      'a commit without training of which nothing final is said',
      null,
      (facts) => {
        facts.trees = [];
        return { status: { state: 'pending', targetUrl: 'http://forge/ml/wine' } };
      },
      [/was not trained, and shows pending/],
      true,
    ],
    [
      'a comment from when the run trained',
      1,
      () => ({ comments: [comment(1, 'running', '', sha('b'))] }),
      [/#1 does not say "The gate passes"/, /#1 still says "### Training"/],
      false,
    ],
    [
      'a word of waiting below the outcome',
      2,
      () => ({ comments: [`${comment(2, 'failed', '', sha('c'))}\n\nWaits for Databricks.`] }),
      [/#2 still says "Waits for Databricks\."/],
      false,
    ],
    [
      'a comment of another outcome',
      2,
      () => ({ comments: [comment(2, 'succeeded', 'The gate passes', sha('c'))] }),
      [/#2 does not say "Training failed"/],
      false,
    ],
    [
      'a comment of another run of the head',
      4,
      () => ({ comments: [comment(5, 'failed', '', sha('e'))] }),
      [/#4 does not say "The gate passes"/, /#4 does not lead to run 4/],
      false,
    ],
    [
      'a comment on a merged pull request that says less than is known',
      7,
      () => ({ comments: [comment(9, 'evaluating', '', sha('2'))] }),
      [/#7 does not say "The gate passes"/, /#7 still says/],
      false,
    ],
  ])('%s', (_name, pull, tamper, expected, isUnfinished) => {
    const recorded = inOrder();
    change(recorded, pull, tamper);
    const found = objections(recorded);
    expect(found).toHaveLength(expected.length);
    for (const [at, words] of expected.entries()) expect(found[at]).toMatch(words);
    expect(untoldHeads(recorded.facts, recorded.heads)).toHaveLength(isUnfinished ? 1 : 0);
  });
});

describe('nothing is said against', () => {
  test.each<[string, number | null, Tamper]>([
    ['the old status of a pull request that was merged', 7, () => ({ status: status('pending', 'r9') })],
    [
      'a status that nobody set where there are experiments alone',
      5,
      (facts) => {
        facts.runs = facts.runs.filter(({ id }) => id !== 'r6');
        facts.runPulls = facts.runPulls.filter((row) => row.run_id !== 'r6');
        return { status: null, comments: [comment(7, 'failed', '', sha('f'))] };
      },
    ],
    [
      'a pending status of a run that is under way',
      4,
      (facts) => {
        facts.runs.push(run(10, sha('e'), 'running'));
        return { status: status('pending', 'r10') };
      },
    ],
    [
      'a commit that changes nothing that is trained',
      null,
      (facts) => {
        facts.trees = [];
        return { status: { state: 'success', targetUrl: 'http://forge/ml/wine' } };
      },
    ],
    [
      'the first status of a result without a baseline',
      1,
      (facts) => {
        const title = 'Trained, no baseline to compare with';
        judge(facts, 'r1', verdict('no-baseline', title));
        return { status: status('warning', 'r1'), comments: [comment(1, 'succeeded', title, sha('b'))] };
      },
    ],
  ])('%s', (_name, pull, tamper) => {
    const recorded = inOrder();
    change(recorded, pull, tamper);
    expect(objections(recorded)).toEqual([]);
    expect(untoldHeads(recorded.facts, recorded.heads)).toEqual([]);
  });
});
