import { expect, onTestFinished, test } from 'vitest';
import type { Forge, PullFacts } from '../../../src/server/gitea/forge.ts';
import type { BoundRepositories } from '../../../src/server/permission/bound-repository.ts';
import type { Configurations } from '../../../src/server/training/configurations.ts';
import type { Evaluation } from '../../../src/server/training/evaluation.ts';
import { createRunFactory } from '../../../src/server/training/new-run.ts';
import type { ConfigurationRecord } from '../../../src/server/training/ports.ts';
import { isFinal } from '../../../src/server/training/transitions.ts';
import { Triggers } from '../../../src/server/training/triggers.ts';
import { FakeDatabricks } from './fake-databricks.ts';
import { newRun, openSmallStage, repository, startBackend } from './small-stage.ts';

const actor = { kind: 'system', name: 'test' } as const;
const index = 7;
const [older, newer] = ['a'.repeat(40), 'b'.repeat(40)];

/** A pull request at Gitea that can be pushed to and closed, and those who look at it. */
async function scene() {
  const stage = await openSmallStage();
  onTestFinished(() => stage.close());
  const { journal } = startBackend(stage, new FakeDatabricks(stage.clock));
  const { runs } = stage.stores;
  const pull = { state: 'open', head: older };
  /** Called with each question, between its answer and whoever asked. */
  let answered = async (_question: string): Promise<void> => {};
  const ask =
    <Answer>(question: string, answer: (commit: string) => Answer) =>
    async (_repository: unknown, commit?: unknown): Promise<Answer> => {
      const given = answer(String(commit));
      await answered(question);
      return given;
    };
  const forge = {
    pull: ask('pull', () => ({
      index,
      state: pull.state,
      fork: false,
      author: { id: 2, name: 'wendy', fullName: '', avatarUrl: '' },
      head: { sha: pull.head, branch: 'change' },
      base: { branch: 'main' },
    })) as unknown as (...all: unknown[]) => Promise<PullFacts>,
    pullPaths: ask('pullPaths', () => ['train.py']),
    commit: ask('commit', (sha) => ({ sha, title: 'Fewer trees', author: null })),
    files: ask('files', (sha) => [{ path: 'train.py', mode: '100644', sha, size: 3 }]),
  } as unknown as Forge;
  const { configuration, configurationCommit: commit, configurationDigest: digest } = newRun(1);
  const record = { state: 'ok', configuration, commit, digest } as unknown as ConfigurationRecord;
  const triggers = new Triggers({
    transactor: stage.transactor,
    repositories: {} as BoundRepositories,
    forge,
    configurations: { read: ask('configuration', () => record) } as unknown as Configurations,
    factory: createRunFactory({ forge, runs, journal, nonceOf: (token) => token, clock: stage.clock.now }),
    journal,
    evaluation: {} as Evaluation,
    wake() {},
    pullUrl: () => 'http://127.0.0.1/pull',
    repositoryUrl: () => 'http://127.0.0.1',
  });
  return {
    pull,
    triggers,
    look: async () => await triggers.pullChanged(repository, index, actor),
    /** Commit and state of each run, newest first. */
    runs: async () =>
      (await runs.ofPull(repository.id, index, 50)).map(({ commit, state }) => ({ commit, state })),
    /** Something happens while the answer to the question of this number is on its way. */
    during(at: number, meanwhile: () => Promise<unknown>): { question: string | null } {
      const seen: { question: string | null } = { question: null };
      let questions = 0;
      answered = async (question) => {
        questions += 1;
        if (questions !== at) return;
        seen.question = question;
        await meanwhile();
      };
      return seen;
    },
  };
}

type Scene = Awaited<ReturnType<typeof scene>>;

/** A look at the pull request, interrupted once at each of its questions. @returns the questions */
async function atEachQuestion(
  before: (scene: Scene) => Promise<unknown>,
  meanwhile: (scene: Scene) => Promise<unknown>,
  then: (runs: Awaited<ReturnType<Scene['runs']>>) => void,
): Promise<string[]> {
  const questions: string[] = [];
  for (let at = 1; ; at += 1) {
    const one = await scene();
    await before(one);
    const seen = one.during(at, () => meanwhile(one));
    await one.look();
    if (seen.question === null) return questions;
    questions.push(seen.question);
    then(await one.runs());
  }
}

const nothing = async () => {};

test.each([
  ['a head that nobody has looked at', nothing],
  ['a head that is being trained', async ({ look }: Scene) => await look()],
])(
  'a push that is handled in the middle of a look at %s is trained once, and alone',
  async (_what, before) => {
    const questions = await atEachQuestion(
      before,
      async ({ pull, look }) => {
        pull.head = newer;
        await look();
      },
      (runs) => {
        expect(runs.filter(({ commit }) => commit === newer)).toEqual([{ commit: newer, state: 'queued' }]);
        const others = runs.filter(({ commit }) => commit !== newer);
        expect(others.filter(({ state }) => state !== 'superseded')).toEqual([]);
      },
    );
    expect(questions).toEqual(expect.arrayContaining(['pull', 'configuration', 'pullPaths', 'commit']));
  },
);

test('a pull request that is closed in the middle of a look has no run that goes on', async () => {
  const questions = await atEachQuestion(
    nothing,
    async ({ pull, triggers }) => {
      pull.state = 'closed';
      await triggers.pullClosed(repository, index);
    },
    (runs) => expect(runs.filter(({ state }) => !isFinal(state))).toEqual([]),
  );
  expect(questions).toEqual(
    expect.arrayContaining(['pull', 'configuration', 'pullPaths', 'commit', 'files']),
  );
});
