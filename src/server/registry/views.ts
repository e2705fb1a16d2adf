import type { Permission } from '../../contract/person.ts';
import type { Hold, ModelList, ModelVersion, Production, Release } from '../../contract/release.ts';
import type { BoundModel } from '../config/server-configuration.ts';
import type { Floors } from '../metrics/gates.ts';
import type { Endpoint } from './endpoint.ts';
import { endpointState } from './endpoint.ts';
import { servedSpans } from './facts.ts';
import type { CurrentRules, RegisteredVersion, StoredHold, TrainedVersion } from './ports.ts';
import type { StoredRelease } from './release.ts';
import { standing } from './standing.ts';

/** All that the views of one model are made from. */
export interface ModelFacts {
  key: string;
  model: BoundModel;
  versions: RegisteredVersion[];
  aliases: Record<string, number>;
  endpoint: Endpoint | null;
  /** When the oldest of these was read, where they are not of now (ISO 8601). */
  asOf: string | null;
  /** False: the workspace does not answer, and never told its versions before. */
  known: boolean;
  trained: Map<number, TrainedVersion>;
  releases: StoredRelease[];
  hold: StoredHold | null;
  floors: Floors;
  rules: Awaited<ReturnType<CurrentRules>>;
}

function refuse(code: string, reason: string): Permission {
  return { allowed: false, code, reason };
}

/** The hold as the panel shows it. */
export function holdView(hold: StoredHold | null): Hold | null {
  if (!hold) return null;
  return { since: hold.since, by: hold.by, reason: hold.reason, release: hold.release };
}

/**
 * The version to which one click returns: what was in production before the champion came there. A rollback is
 * looked through: after v5 → v3 it is what was there before v3, and not the v5 that was just taken back.
 */
export function previousVersion(facts: ModelFacts, champion: number): number | null {
  const came = facts.releases.find(
    (release) =>
      release.state === 'succeeded' && release.toVersion === champion && release.kind !== 'rollback',
  );
  const before = came?.fromVersion ?? null;
  return before !== null && facts.versions.some((known) => known.version === before) ? before : null;
}

function unfinishedRelease({ releases }: ModelFacts): StoredRelease | undefined {
  return releases.find((entry) => entry.state === 'running' || entry.state === 'partial');
}

function rollbackTo(facts: ModelFacts, version: number | null, release: Permission): Permission {
  const unfinished = unfinishedRelease(facts);
  if (!release.allowed) return release;
  if (unfinished) {
    return refuse(
      'release-in-progress',
      unfinished.state === 'running'
        ? 'A release is under way.'
        : 'Finish or undo the half-done release first.',
    );
  }
  if (version === null) return refuse('nothing-before', 'No earlier version was in production.');
  return { allowed: true };
}

/** What production serves now; null while nothing was released. */
export function productionView(facts: ModelFacts, release: Permission): Production | null {
  const version = facts.aliases[facts.model.alias];
  if (version === undefined) return null;
  const latest = facts.releases.find((entry) => entry.state === 'succeeded');
  // The alias moves before a release is over: what is under way, or half done, is no stranger's act.
  const own = [unfinishedRelease(facts), latest].find((entry) => entry?.toVersion === version);
  const trained = facts.trained.get(version);
  const primary = trained?.primary ?? [...facts.trained.values()].at(-1)?.primary ?? null;
  const previous = previousVersion(facts, version);
  return {
    model: facts.key,
    name: facts.model.name,
    alias: facts.model.alias,
    version,
    since: own?.endedAt ?? null,
    by: own?.actor ?? null,
    pull: trained?.pull ?? null,
    kind: own?.kind ?? 'foreign',
    metrics: trained?.metrics ?? {},
    primary,
    trend: primary === null ? [] : releaseTrend(facts, primary),
    endpoint: facts.endpoint ? endpointState(facts.endpoint) : null,
    hold: holdView(facts.hold),
    previous,
    rollback: rollbackTo(facts, previous, release),
  };
}

function releaseTrend(facts: ModelFacts, primary: string): number[] {
  return facts.releases
    .filter((entry) => entry.state === 'succeeded')
    .map((entry) => facts.trained.get(entry.toVersion)?.metrics[primary])
    .filter((value) => typeof value === 'number')
    .reverse();
}

function promotable(facts: ModelFacts, version: RegisteredVersion, release: Permission): Permission {
  const trained = facts.trained.get(version.version);
  if (!release.allowed) return release;
  if (facts.aliases[facts.model.alias] === version.version)
    return refuse('in-production', 'It is in production.');
  if (version.status !== 'ready') return refuse('not-ready', 'It is not ready in the registry.');
  if (servedSpans(facts.releases, version.version).length > 0) return { allowed: true };
  if (!trained) return refuse('unknown-origin', 'It was not trained through a reviewed commit.');
  const champion = facts.aliases[facts.model.alias] ?? null;
  const known = champion === null ? undefined : facts.trained.get(champion);
  const { outcome } = standing(trained, champion, known, facts.rules, facts.floors);
  if (trained.outcome === 'fail') return refuse('gate-failed', 'Its gates failed.');
  if (outcome === 'fail') return refuse('gate-failed', `Its gates fail against v${champion} in production.`);
  if (outcome === null) return refuse('no-verdict', 'It has no verdict.');
  if (!trained.merged) return refuse('not-merged', 'Its pull request is not merged.');
  return { allowed: true };
}

function versionView(facts: ModelFacts, version: RegisteredVersion, release: Permission): ModelVersion {
  const trained = facts.trained.get(version.version);
  const spans = servedSpans(facts.releases, version.version);
  const live = facts.aliases[facts.model.alias] === version.version;
  return {
    version: version.version,
    status: version.status,
    createdAt: version.createdAt,
    aliases: Object.keys(facts.aliases).filter((alias) => facts.aliases[alias] === version.version),
    run: trained?.run ?? null,
    runNumber: trained?.number ?? null,
    commit: trained?.commit ?? null,
    branch: trained?.branch ?? null,
    pull: trained?.pull ?? null,
    outcome: trained?.outcome ?? null,
    metrics: trained?.metrics ?? {},
    traffic: facts.endpoint?.served.find((served) => served.version === version.version)?.percentage ?? null,
    released: spans.map((span) => ({ from: span.from, until: span.until, release: span.release.id })),
    rollback: live
      ? refuse('in-production', 'It is in production.')
      : spans.length === 0
        ? refuse('never-released', 'It was never in production: promote it instead.')
        : rollbackTo(facts, version.version, release),
    promote: promotable(facts, version, release),
  };
}

/** One model with its versions, newest first. */
export function modelView(facts: ModelFacts, release: Permission): ModelList['models'][number] {
  return {
    key: facts.key,
    name: facts.model.name,
    alias: facts.model.alias,
    known: facts.known,
    champion: facts.aliases[facts.model.alias] ?? null,
    endpoint: facts.endpoint ? endpointState(facts.endpoint) : null,
    versions: [...facts.versions]
      .sort((a, b) => b.version - a.version)
      .map((version) => versionView(facts, version, release)),
  };
}

/** A release as the panel shows it. */
export function releaseView(
  release: StoredRelease,
  all: readonly StoredRelease[],
  trained: Map<number, TrainedVersion>,
): Release {
  const span = servedSpans(
    all.filter((other) => other.model === release.model),
    release.toVersion,
  ).find((candidate) => candidate.release.id === release.id);
  const run = trained.get(release.toVersion);
  return {
    id: release.id,
    kind: release.kind,
    model: release.model,
    fromVersion: release.fromVersion,
    toVersion: release.toVersion,
    state: release.state,
    actor: release.actor,
    reason: release.reason,
    pull: release.pull,
    commit: release.commit,
    approvals: release.approvals,
    steps: release.steps,
    is: release.is,
    error: release.error,
    createdAt: release.createdAt,
    endedAt: release.endedAt,
    servedUntil: span?.until ?? null,
    metric: run ? (run.metrics[run.primary] ?? null) : null,
  };
}
