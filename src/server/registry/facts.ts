import type { MetricComparison } from '../../contract/metric.ts';
import type { BoundModel } from '../config/server-configuration.ts';
import { compareMetrics } from '../metrics/compare.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { PlanFacts } from './plan.ts';
import type {
  CurrentRules,
  MergedPulls,
  ReleaseStore,
  ReleaseTarget,
  TrainedVersion,
  TrainedVersions,
} from './ports.ts';
import type { StoredRelease } from './release.ts';
import { describeRelease } from './release.ts';
import { standing } from './standing.ts';

/** Where facts about releases are read from. */
export interface FactSources {
  target: ReleaseTarget;
  trained: TrainedVersions;
  pulls: MergedPulls;
  releases: ReleaseStore;
  rules: CurrentRules;
}

/** When a version was in production: one span per release of it, oldest first. */
export function servedSpans(
  releases: readonly StoredRelease[],
  version: number,
): { from: string; until: string | null; release: StoredRelease }[] {
  const done = releases
    .filter((release) => release.state === 'succeeded' && release.endedAt !== null)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return done.flatMap((release, index) =>
    release.toVersion === version
      ? [{ from: release.endedAt ?? release.createdAt, until: done[index + 1]?.endedAt ?? null, release }]
      : [],
  );
}

function comparison(to: TrainedVersion | undefined, from: TrainedVersion | undefined): MetricComparison[] {
  if (!to && !from) return [];
  const gates = (to ?? from)?.gates ?? [];
  return compareMetrics({
    candidate: to?.metrics ?? {},
    baseline: from?.metrics ?? null,
    directions: Object.fromEntries(gates.map((gate) => [gate.metric, gate.direction])),
    primary: (to ?? from)?.primary ?? null,
  });
}

/** Through which pull request the version's commit came into the production branch, if it did. */
async function mergeOf(
  { pulls }: FactSources,
  repository: BoundRepository,
  trained: TrainedVersion | undefined,
): Promise<{ merged: boolean; approvals: PlanFacts['approvals'] }> {
  const nothing = { merged: false, approvals: { required: 0, counted: [] } };
  if (!trained) return nothing;
  if (trained.pulls.length === 0) {
    return {
      merged: trained.branch === repository.productionBranch,
      approvals: { required: 0, counted: [] },
    };
  }
  for (const index of trained.pulls) {
    const pull = await pulls.pull(repository, index);
    const merged =
      pull?.merged === true &&
      pull.mergedInto === repository.productionBranch &&
      pull.head === trained.commit &&
      !pull.fork;
    if (merged) return { merged, approvals: await pulls.approvals(repository, index, trained.commit) };
  }
  return nothing;
}

/** Reads everything that a plan is made from; changes nothing. */
export async function gatherPlanFacts(
  sources: FactSources,
  repository: BoundRepository,
  modelKey: string,
  model: BoundModel,
  request: { kind: 'promotion' | 'rollback'; toVersion: number },
): Promise<PlanFacts> {
  const { target, trained, releases } = sources;
  const [versions, aliases, runs, history, endpoint, inFlight, unfinished, hold] = await Promise.all([
    target.versions(repository, model.name),
    target.aliases(repository, model.name),
    trained.byVersion(repository.id, modelKey),
    releases.list(repository.id, modelKey),
    model.endpoint ? target.endpoint(repository, model.endpoint, model.name) : null,
    trained.active(repository.id),
    releases.unfinished(model.name, model.alias),
    releases.hold(model.name, model.alias),
  ]);
  const champion = aliases[model.alias] ?? null;
  const wanted = versions.find((version) => version.version === request.toVersion);
  const to = runs.get(request.toVersion);
  const from = champion === null ? undefined : runs.get(champion);
  const stands = to
    ? standing(to, champion, from, await sources.rules(repository), repository.binding.floors)
    : null;
  const spans = servedSpans(history, request.toVersion);
  const championSpan = champion === null ? undefined : servedSpans(history, champion).at(-1);
  const released = spans.length > 0;
  const needsMerge = request.kind === 'promotion' && !released && wanted !== undefined;
  const [signatureFrom, signatureTo, merge] = await Promise.all([
    champion === null ? null : target.signature(repository, model.name, champion),
    wanted ? target.signature(repository, model.name, request.toVersion) : null,
    needsMerge
      ? mergeOf(sources, repository, to)
      : { merged: released, approvals: { required: 0, counted: [] } },
  ]);
  return {
    kind: request.kind,
    modelKey,
    model,
    champion:
      champion === null
        ? null
        : {
            version: champion,
            since: championSpan?.from ?? null,
            by: championSpan?.release.actor ?? null,
            pull: championSpan?.release.pull ?? from?.pull ?? null,
          },
    target: {
      version: request.toVersion,
      exists: wanted !== undefined,
      ready: wanted?.status === 'ready',
      trust: to?.trust ?? 'unknown',
      outcome: stands?.outcome ?? null,
      verdictTitle: stands?.title ?? null,
      servedFrom: spans.at(-1)?.from ?? null,
      servedUntil: spans.at(-1)?.until ?? null,
      pull: to?.pull ?? null,
      title: to?.title ?? null,
      merged: merge.merged,
    },
    metrics: comparison(to, from),
    signatures: { from: signatureFrom, to: signatureTo },
    endpoint,
    approvals: merge.approvals,
    hold: hold !== null,
    onMerge: (to ?? from)?.onMerge ?? 'none',
    inFlight,
    unfinished: unfinished
      ? {
          id: unfinished.id,
          state: unfinished.state as 'running' | 'partial',
          text: describeRelease(unfinished),
        }
      : null,
  };
}
