import { trainStatusContext } from '../../contract/address.ts';
import type { AuditLog } from '../audit/entry.ts';
import { reached } from '../duty/moments.ts';
import type { ListedComment, ReportTarget } from '../gitea/forge.ts';
import type { BoundRepositories, BoundRepository } from '../permission/bound-repository.ts';
import type { Transactor } from '../store/transactor.ts';
import type { RunStore, Series } from '../training/ports.ts';
import { isFinal } from '../training/transitions.ts';
import { digestOf, ownOf } from './own-comment.ts';
import type { ReportStore } from './ports.ts';
import { renderReport } from './render-report.ts';
import type { PullSituation, Situations } from './situation.ts';

export interface PublisherOptions {
  repositories: BoundRepositories;
  situations: Situations;
  target: ReportTarget;
  runs: RunStore;
  transactor: Transactor<{ reports: ReportStore; audit: AuditLog }>;
  runUrl: (repository: BoundRepository, runId: string) => string;
}

/** Handlers of the outbox topics `status` and `report`. Both may be called again for the same row. */
export function createPublisher(options: PublisherOptions) {
  const { repositories, situations, target, runs, transactor, runUrl } = options;

  async function seriesOf(runId: string | null, metric: string | undefined): Promise<Series | null> {
    if (runId === null || metric === undefined) return null;
    return (await runs.histories(runId))[metric] ?? null;
  }

  async function render(repository: BoundRepository, situation: PullSituation): Promise<string> {
    const { pull, run, verdict, notes, promotion, answer } = situation;
    const primary = run?.configuration.metrics.primary;
    const baselineRun = verdict?.baseline.run ?? null;
    const key = run?.modelKey ?? null;
    return renderReport({
      head: pull.head.sha,
      commitUrl: `${repository.url}/commit/${pull.head.sha}`,
      run: run && { ...run, url: runUrl(repository, run.id) },
      verdict,
      model: key === null ? null : (repository.binding.models[key]?.name ?? null),
      baselineUrl: baselineRun === null ? null : runUrl(repository, baselineRun),
      history: {
        candidate: await seriesOf(run?.id ?? null, primary),
        baseline: await seriesOf(baselineRun, primary),
      },
      notes: answer === null ? notes : [...notes, answer],
      promotion,
    });
  }

  /**
   * Our comments, the one that stays first: the remembered one, else the oldest with the marker (a crash may have come
   * before remembering, or somebody removed the remembered one). More than one are there when a backend that had lost
   * its lease was still heard by Gitea.
   */
  async function ownComments(repository: BoundRepository, index: number): Promise<ListedComment[]> {
    const remembered = (await transactor.stores.reports.find(repository.id, index))?.commentId ?? null;
    return ownOf(await target.comments(repository, index), await target.ownId(), remembered);
  }

  /** What is published, once: also when an attempt before this one published it and was cut off. */
  async function record(
    { pull, run }: PullSituation,
    said: { repository: number; commentId: number; body: string; wrote: boolean; doubles: ListedComment[] },
  ): Promise<void> {
    const { repository, commentId, wrote } = said;
    const bodyDigest = digestOf(said.body);
    await transactor.transaction(async ({ reports, audit }) => {
      const known = await reports.find(repository, pull.index);
      const isRecorded = known?.commentId === commentId && known.bodyDigest === bodyDigest;
      if (isRecorded && !wrote && said.doubles.length === 0) return;
      await reports.remember(repository, pull.index, { commentId, bodyDigest });
      await audit.append({
        action: 'report.published',
        outcome: 'done',
        actor: { kind: 'system', name: 'report' },
        subject: `comment ${commentId}`,
        repository,
        commit: pull.head.sha,
        pull: pull.index,
        detail: {
          digest: bodyDigest,
          run: run?.number ?? null,
          ...(said.doubles.length > 0 && { removed: said.doubles.map(({ id }) => id) }),
        },
      });
    });
  }

  return {
    async status(payload: Record<string, unknown>): Promise<void> {
      const {
        repository: id,
        sha,
        state,
        description,
        targetUrl,
      } = payload as {
        repository: number;
        sha: string;
        state: string;
        description: string;
        targetUrl: string;
      };
      const repository = await repositories.current(id);
      if (!repository) return;
      await target.setStatus(repository, sha, { state, context: trainStatusContext, description, targetUrl });
    },

    async report(payload: Record<string, unknown>): Promise<void> {
      const { repository: id, pull: index } = payload as { repository: number; pull: number };
      const repository = await repositories.current(id);
      const situation = repository && (await situations.of(repository, index));
      if (!situation) return;
      const { run, notes, promotion, answer } = situation;
      const [existing, ...doubles] = await ownComments(repository, index);
      // While a first run trains the status says so; a comment would only notify everybody twice.
      const worthSaying =
        answer !== null ||
        (run ? isFinal(run.state) || run.state === 'waiting' : notes.length > 0 || promotion !== null);
      if (!existing && !worthSaying) return;
      const body = await render(repository, situation);
      let commentId = existing?.id;
      if (commentId === undefined) {
        commentId = await target.createComment(repository, index, body);
        reached('comment.created');
      } else if (existing?.body !== body) await target.editComment(repository, commentId, body);
      for (const { id: double } of doubles) await target.deleteComment(repository, double);
      await record(situation, { repository: id, commentId, body, wrote: existing?.body !== body, doubles });
    },
  };
}
