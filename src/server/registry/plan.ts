import { createHash } from 'node:crypto';
import type { MetricComparison } from '../../contract/metric.ts';
import type { Person } from '../../contract/person.ts';
import type { ReleasePlan } from '../../contract/release.ts';
import type { BoundModel } from '../config/server-configuration.ts';
import type { Endpoint } from './endpoint.ts';
import { describeTraffic, isLoaded } from './endpoint.ts';
import type { Signature } from './signature.ts';
import { compareSignatures } from './signature.ts';

/** All that a plan is made from; reading it changes nothing. */
export interface PlanFacts {
  kind: 'promotion' | 'rollback';
  modelKey: string;
  model: BoundModel;
  champion: { version: number; since: string | null; by: Person | null; pull: number | null } | null;
  target: {
    version: number;
    exists: boolean;
    ready: boolean;
    trust: 'base' | 'fork' | 'unknown';
    /** Against production as it is now. */
    outcome: 'pass' | 'fail' | 'no-baseline' | null;
    verdictTitle: string | null;
    servedFrom: string | null;
    servedUntil: string | null;
    pull: number | null;
    title: string | null;
    /** Merged into the production branch with this commit as its head. */
    merged: boolean;
  };
  metrics: MetricComparison[];
  signatures: { from: Signature | null; to: Signature | null };
  endpoint: Endpoint | null;
  approvals: { required: number; counted: string[] };
  hold: boolean;
  onMerge: 'promote' | 'none';
  inFlight: string[];
  /** A release of this model that runs, or is half done. */
  unfinished: { id: string; state: 'running' | 'partial'; text: string } | null;
}

/** A version that was in production before was approved then: going back to it needs no new approval. */
function releasedBefore(facts: PlanFacts): boolean {
  return facts.target.servedFrom !== null;
}

function blockers(facts: PlanFacts): string[] {
  const { target, unfinished } = facts;
  const reasons: string[] = [];
  if (unfinished?.state === 'running') reasons.push(`The ${unfinished.text} is under way.`);
  if (unfinished?.state === 'partial') {
    reasons.push(`The ${unfinished.text} is half done: finish or undo it first.`);
  }
  if (!target.exists) {
    reasons.push(`${facts.model.name} has no version ${target.version}.`);
    return reasons;
  }
  if (!target.ready) reasons.push(`v${target.version} is not ready in the registry.`);
  if (facts.champion?.version === target.version)
    reasons.push(`v${target.version} is in production already.`);
  if (facts.endpoint && facts.endpoint.others.length > 0) {
    reasons.push(
      `The endpoint ${facts.endpoint.name} also serves ${facts.endpoint.others.join(', ')}: it cannot be switched from here.`,
    );
  }
  if (facts.endpoint?.update === 'in-progress') {
    reasons.push(`The endpoint ${facts.endpoint.name} is being updated: wait until that has ended.`);
  }
  if (facts.kind === 'rollback' && !releasedBefore(facts)) {
    reasons.push(`v${target.version} was never in production: promote it instead.`);
  }
  if (facts.kind === 'promotion' && !releasedBefore(facts)) reasons.push(...promotionBlockers(facts));
  return reasons;
}

function promotionBlockers(facts: PlanFacts): string[] {
  const { target, approvals } = facts;
  if (target.trust === 'unknown') return [`v${target.version} was not trained through a reviewed commit.`];
  if (target.trust === 'fork') return ['Versions of forks are never released.'];
  const reasons: string[] = [];
  if (target.outcome === 'fail') {
    reasons.push(`The gates of v${target.version} failed: ${target.verdictTitle ?? ''}`);
  }
  if (target.outcome === null) reasons.push(`v${target.version} has no verdict.`);
  if (!target.merged)
    reasons.push(`The commit of v${target.version} was not merged into the production branch.`);
  if (approvals.counted.length < approvals.required) {
    reasons.push(
      `${approvals.required} approval(s) of this commit needed, ${approvals.counted.length} counted.`,
    );
  }
  return reasons;
}

function effects(facts: PlanFacts): ReleasePlan['effects'] {
  const { endpoint, target, champion, model } = facts;
  const list: ReleasePlan['effects'] = [];
  if (endpoint) {
    const text = isLoaded(endpoint, target.version)
      ? `Traffic of ${endpoint.name} switches; v${target.version} is still loaded`
      : `${endpoint.name} loads v${target.version}, then the traffic switches; until then v${champion?.version ?? '?'} answers`;
    list.push({ kind: 'endpoint', text, level: 'ok' });
  } else if (model.endpoint) {
    list.push({
      kind: 'endpoint',
      text: `There is no endpoint ${model.endpoint}: only the alias moves`,
      level: 'warning',
    });
  }
  list.push({
    kind: 'alias',
    text: champion
      ? `${model.alias} moves from v${champion.version} to v${target.version}`
      : `${model.alias} is set to v${target.version}`,
    level: 'ok',
  });
  if (champion) {
    list.push({ kind: 'signature', ...compareSignatures(facts.signatures.from, facts.signatures.to) });
  }
  if (releasedBefore(facts)) {
    list.push({ kind: 'approvals', text: 'Released before, and approved then', level: 'ok' });
  } else if (facts.approvals.counted.length > 0) {
    list.push({ kind: 'approvals', text: `Approved by ${facts.approvals.counted.join(', ')}`, level: 'ok' });
  }
  if (facts.kind === 'rollback' && facts.onMerge === 'promote') {
    list.push({ kind: 'hold', text: 'Merges stop promoting until somebody lifts the hold', level: 'ok' });
  } else if (facts.kind === 'promotion' && facts.hold) {
    list.push({
      kind: 'hold',
      text: 'The hold stays: merges do not promote until somebody lifts it',
      level: 'warning',
    });
  }
  return list;
}

/** What must not have changed between looking and confirming. */
function digest(facts: PlanFacts): string {
  const decisive = {
    kind: facts.kind,
    model: facts.model.name,
    alias: facts.model.alias,
    from: facts.champion?.version ?? null,
    to: facts.target.version,
    endpoint: facts.endpoint
      ? {
          name: facts.endpoint.name,
          config: facts.endpoint.configVersion,
          traffic: describeTraffic(facts.endpoint.served),
        }
      : null,
    outcome: facts.target.outcome,
  };
  return createHash('sha256').update(JSON.stringify(decisive)).digest('hex');
}

/** What a release would do, in the words that a person confirms. */
export function planRelease(facts: PlanFacts): ReleasePlan {
  return {
    digest: digest(facts),
    kind: facts.kind,
    model: facts.modelKey,
    name: facts.model.name,
    alias: facts.model.alias,
    from: facts.champion,
    to: {
      version: facts.target.version,
      servedFrom: facts.target.servedFrom,
      servedUntil: facts.target.servedUntil,
      pull: facts.target.pull,
      title: facts.target.title,
    },
    metrics: facts.metrics,
    effects: effects(facts),
    inFlight: facts.inFlight,
    blocked: blockers(facts),
  };
}
