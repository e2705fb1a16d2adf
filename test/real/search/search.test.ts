import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Counterparts } from '../contract/counterparts.ts';
import { startCounterparts } from '../contract/counterparts.ts';
import { outdated, unexpected } from '../contract/differences.ts';
import type { Difference } from '../contract/recording.ts';
import { request } from '../contract/request.ts';
import { describeWith } from '../needs.ts';
import { pythonClients } from '../python-clients.ts';
import { brokenFilter, brokenOrder, filter, order, runPlaceholder } from './filters.ts';
import type { Logged } from './log-runs.ts';
import { logRuns } from './log-runs.ts';
import { corpusRuns } from './runs.ts';

/** The same questions again: `SEARCH_SEED=<the printed number> npm run test:real`. */
const seed = Number(process.env.SEARCH_SEED ?? 20_261_126);
const runCount = 2000;
const clients = pythonClients();

/** A question to `runs/search`. */
interface Question {
  filter?: string;
  order_by?: string[];
  run_view_type?: string;
  experiments?: (0 | 1)[];
  max_results?: number;
}

/** The places of the runs that were found, in order, or what was refused. */
interface Found {
  outcome: string;
  runs: number[];
}

describeWith(clients, `runs/search finds the same runs in the same order (seed ${seed})`, () => {
  const all: Difference[] = [];
  let both: Counterparts;
  let emulator: Logged;
  let server: Logged;

  beforeAll(async () => {
    both = await startCounterparts(clients.python);
    const runs = corpusRuns(seed, runCount);
    [emulator, server] = await Promise.all([
      logRuns(both.of('emulated workspace'), runs),
      logRuns(both.of('mlflow server'), runs),
    ]);
  });
  afterAll(() => both?.close());

  /** Asks for at most `pages` pages. */
  async function ask(logged: Logged, question: Question, pages: number): Promise<Found> {
    const withIds = question.filter?.replace(runPlaceholder, (_, place) => logged.ids[Number(place)] ?? '');
    const runs: number[] = [];
    let page_token: string | undefined;
    for (let page = 1; page <= pages; page += 1) {
      const { status, body } = await request(logged.counterpart, 'POST', 'runs/search', {
        experiment_ids: (question.experiments ?? [0, 1]).map((each) => logged.experiments[each]),
        filter: withIds,
        order_by: question.order_by,
        run_view_type: question.run_view_type,
        max_results: question.max_results ?? 100,
        page_token,
      });
      if (status !== 200) return { outcome: `${status} ${body.error_code}`, runs: [] };
      for (const { info } of body.runs ?? []) runs.push(logged.places.get(info.run_id) ?? -1);
      page_token = body.next_page_token;
      if (!page_token) break;
    }
    return { outcome: page_token ? '200 and more pages' : '200', runs };
  }

  /**
   * Asks both, one question after the other. Two searches at once make the mlflow server answer 500 with a page of HTML
   * now and then: each search imports `mlflow.server.auth`, which fails where Flask-WTF is not installed, and meanwhile
   * the other finds the module half made (mlflow 3.17.2, server/handlers.py, search_runs_impl).
   */
  async function disagreements(questions: readonly Question[], pages: number): Promise<Difference[]> {
    const found: Difference[] = [];
    for (const question of questions) {
      const [ours, theirs] = await Promise.all([
        ask(emulator, question, pages),
        ask(server, question, pages),
      ]);
      if (JSON.stringify(ours) === JSON.stringify(theirs)) continue;
      const refused = !ours.outcome.startsWith('200') || !theirs.outcome.startsWith('200');
      found.push({
        step: JSON.stringify(question),
        field: refused ? 'status' : 'runs',
        emulator: refused ? ours.outcome : said(ours),
        server: refused ? theirs.outcome : said(theirs),
      });
    }
    all.push(...found);
    return found;
  }

  const said = ({ outcome, runs }: Found) => `${outcome}: ${runs.length} runs, ${runs.slice(0, 5)}`;
  const sample = <Value>(arbitrary: fc.Arbitrary<Value>, numRuns: number) =>
    fc.sample(arbitrary, { seed, numRuns });
  const views = fc.constantFrom(undefined, undefined, undefined, 'ACTIVE_ONLY', 'DELETED_ONLY', 'ALL');
  const experiments = fc.constantFrom<(0 | 1)[]>([0, 1], [0, 1], [1], [1, 0]);

  test('by 800 filters', async () => {
    const questions = sample(fc.record({ filter, run_view_type: views, experiments }), 800);
    expect(unexpected('search', await disagreements(questions, 2))).toEqual([]);
  });

  test('or refuses 400 broken filters in the same way', async () => {
    const questions = sample(fc.record({ filter: brokenFilter }), 400);
    expect(unexpected('search', await disagreements(questions, 1))).toEqual([]);
  });

  test('by 300 orders', async () => {
    const question = fc.record({
      order_by: fc.uniqueArray(order, { minLength: 1, maxLength: 3 }),
      filter: fc.option(filter, { nil: undefined }),
      run_view_type: views,
      experiments,
    });
    expect(unexpected('search', await disagreements(sample(question, 300), 2))).toEqual([]);
  });

  test('or refuses 100 broken orders in the same way', async () => {
    const question = fc.record({
      order_by: fc
        .tuple(brokenOrder, order)
        .chain(([bad, good]) => fc.constantFrom<string[]>([bad], [good, bad])),
    });
    expect(unexpected('search', await disagreements(sample(question, 100), 1))).toEqual([]);
  });

  test('page by page to the end, every run once', async () => {
    const question = fc.record({
      order_by: fc.array(order, { maxLength: 1 }),
      max_results: fc.constantFrom(450, 999, 1000, 2000),
      run_view_type: fc.constant('ALL'),
    });
    const questions = sample(question, 8);
    expect(unexpected('search', await disagreements(questions, Number.POSITIVE_INFINITY))).toEqual([]);
    for (const each of questions) {
      const { runs } = await ask(emulator, each, Number.POSITIVE_INFINITY);
      expect(new Set(runs).size).toBe(runCount);
      expect(runs).toHaveLength(runCount);
    }
  });

  test('and every listed difference is still there', async () => {
    await disagreements(
      [
        { filter: "params.`größe` ILIKE 'GRÖ%'" },
        { filter: "run_name = 'run_1' status = 'FAILED'" },
        { filter: "run_id LIKE ('a')" },
        { order_by: ['status', 'status DESC'] },
      ],
      1,
    );
    expect(outdated('search', all)).toEqual([]);
  });
});
