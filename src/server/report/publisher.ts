import { createHash } from 'node:crypto';
import { trainStatusContext } from '../../contract/address.ts';
import type { AuditLog } from '../audit/entry.ts';
import type { ReportTarget } from '../gitea/forge.ts';
import type { BoundRepositories, BoundRepository } from '../permission/bound-repository.ts';
import type { RunStore, Series } from '../training/ports.ts';
import { isFinal } from '../training/transitions.ts';
import type { ReportStore } from './ports.ts';
import { renderReport, reportMarker } from './render-report.ts';
import type { PullSituation, Situations } from './situation.ts';

export interface PublisherOptions {
  repositories: BoundRepositories;
  situations: Situations;
  target: ReportTarget;
  runs: RunStore;
  reports: ReportStore;
  audit: AuditLog;
  runUrl: (repository: BoundRepository, runId: string) => string;
}

/** Handlers of the outbox topics `status` and `report`. Both may be called again for the same row. */
export function createPublisher(options: PublisherOptions) {
  const { repositories, situations, target, runs, reports, audit, runUrl } = options;

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

  /** The remembered comment, else our own with the marker: a crash may have come before remembering. */
  async function ownComment(
    repository: BoundRepository,
    index: number,
  ): Promise<{ id: number; body: string } | null> {
    const remembered = (await reports.find(repository.id, index))?.commentId ?? null;
    const known = remembered === null ? null : await target.comment(repository, remembered);
    if (known) return known;
    const own = await target.ownId();
    const all = await target.comments(repository, index);
    return all.find((item) => item.author === own && item.body.includes(reportMarker)) ?? null;
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
      const existing = await ownComment(repository, index);
      // While a first run trains the status says so; a comment would only notify everybody twice.
      const worthSaying =
        answer !== null ||
        (run ? isFinal(run.state) || run.state === 'waiting' : notes.length > 0 || promotion !== null);
      if (!existing && !worthSaying) return;
      const body = await render(repository, situation);
      const bodyDigest = createHash('sha256').update(body).digest('hex');
      let commentId = existing?.id ?? null;
      if (existing?.body !== body) {
        if (commentId === null) commentId = await target.createComment(repository, index, body);
        else await target.editComment(repository, commentId, body);
        await audit.append({
          action: 'report.published',
          outcome: 'done',
          actor: { kind: 'system', name: 'report' },
          subject: `comment ${commentId}`,
          repository: id,
          commit: situation.pull.head.sha,
          pull: index,
          detail: { digest: bodyDigest, run: run?.number ?? null },
        });
      }
      if (commentId !== null) await reports.remember(id, index, { commentId, bodyDigest });
    },
  };
}
