import type { Verdict } from '../../contract/metric.ts';
import type { Forge, PullFacts } from '../gitea/forge.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { Configurations } from '../training/configurations.ts';
import { asCommitted, decisiveRun } from '../training/decisive-run.ts';
import { concernsTraining } from '../training/paths.ts';
import type { ConfigurationRecord, Run, RunStore } from '../training/ports.ts';
import type { CommandAnswers, PromotionNotes } from './ports.ts';
import type { ReportNote } from './render-report.ts';

/** What is true of a pull request now: the comment and the panel's box both draw it. */
export interface PullSituation {
  pull: PullFacts;
  record: ConfigurationRecord;
  /** The run that speaks for the head; where there are only experiments with other parameters the newest of them. */
  run: Run | null;
  /** Of this run for this pull request. */
  verdict: Verdict | null;
  /** All runs of the pull request, newest first, at most 50. */
  runs: Run[];
  notes: ReportNote[];
  promotion: string | null;
  /** To the newest slash command. */
  answer: ReportNote | null;
}

export interface Situations {
  /** null: Gitea has no such pull request. */
  of(repository: BoundRepository, index: number): Promise<PullSituation | null>;
}

/** Reads what is needed; the judgement stands in {@link notesOf}. */
export function createSituations(options: {
  forge: Forge;
  configurations: Configurations;
  runs: RunStore;
  promotions: PromotionNotes;
  answers: CommandAnswers;
  configurationFile: string;
}): Situations {
  const { forge, configurations, runs, promotions, answers, configurationFile } = options;
  return {
    async of(repository, index) {
      const pull = await forge.pull(repository, index);
      if (!pull) return null;
      const [record, paths, all, promotion, answer] = await Promise.all([
        configurations.known(repository),
        forge.pullPaths(repository, index),
        runs.ofPull(repository.id, index, 50),
        promotions.forPull(repository.id, index, pull.head.sha),
        answers.forPull(repository.id, index, pull.head.sha),
      ]);
      const ofHead = all.filter((item) => item.commit === pull.head.sha);
      const run = decisiveRun(ofHead) ?? ofHead[0] ?? null;
      const changesConfiguration = pull.state === 'open' && paths.includes(configurationFile);
      const problems = changesConfiguration
        ? await configurations.problemsAt(repository, pull.head.sha)
        : null;
      const notes = notesOf({
        pull,
        record,
        run,
        newest: ofHead[0] ?? null,
        paths,
        changesConfiguration,
        problems,
      });
      const verdict = run?.pulls.find((item) => item.index === index)?.verdict ?? null;
      return { pull, record, run, verdict, runs: all, notes, promotion, answer };
    },
  };
}

/** "rounds = 400" */
function ownParameters({ configuration, parameters }: Run): string {
  return configuration.parameters
    .filter((rule) => (parameters[rule.name] ?? rule.default) !== rule.default)
    .map((rule) => `${rule.name} = ${parameters[rule.name]}`)
    .join(', ');
}

const at = ({ file, line }: { file: string; line: number | null }) =>
  line === null ? file : `${file} line ${line}`;

/** What a reviewer must know beside the verdict. */
export function notesOf(facts: {
  pull: PullFacts;
  record: ConfigurationRecord;
  run: Run | null;
  /** Of the head, experiments included. */
  newest: Run | null;
  paths: readonly string[];
  changesConfiguration: boolean;
  problems: { file: string; line: number | null; message: string }[] | null;
}): ReportNote[] {
  const { pull, record, run, newest, paths, changesConfiguration, problems } = facts;
  const notes: ReportNote[] = [];
  if (run && newest && newest.number > run.number) {
    notes.push({
      kind: 'info',
      text: asCommitted(newest.configuration, newest.parameters)
        ? `Run ${newest.number} ended as ${newest.state}; run ${run.number} of the same commit counts.`
        : `Run ${newest.number} had other parameters (${ownParameters(newest)}); run ${run.number}, as committed, counts.`,
    });
  }
  if (record.state === 'invalid') {
    for (const problem of record.problems.slice(0, 5)) {
      notes.push({ kind: 'error', text: `${at(problem)} on the default branch: ${problem.message}` });
    }
  }
  if (record.state === 'missing' && !changesConfiguration) {
    notes.push({
      kind: 'warning',
      text: 'The default branch has no .gitea/databricks.yml, so nothing is trained.',
    });
  }
  if (changesConfiguration) {
    notes.push({
      kind: 'info',
      text: 'This pull request changes .gitea/databricks.yml. The change takes effect after the merge; until then the file of the default branch counts.',
    });
    for (const problem of (problems ?? []).slice(0, 5)) {
      notes.push({ kind: 'error', text: `In this pull request, ${at(problem)}: ${problem.message}` });
    }
  }
  if (record.state === 'ok' && pull.state === 'open' && run === null) {
    if (!concernsTraining(record.configuration.paths, paths)) {
      notes.push({
        kind: 'info',
        text: `No changed file matches train.paths (${record.configuration.paths.join(', ')}), so nothing is trained.`,
      });
    } else if (pull.fork && record.configuration.train.kind === 'job') {
      notes.push({
        kind: 'error',
        text: 'Pull requests from forks cannot train with "job", for a job runs with the rights of this repository. Push the branch to this repository to train it.',
      });
    }
  }
  return notes;
}
