/**
 * The steps of a release and the way back. Longer than most modules: doing and undoing one thing are read together.
 */

import type { Act } from '../identity/role.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { Endpoint, ServedVersion } from './endpoint.ts';
import { describeTraffic, routeTo, sameTraffic, serves, soleVersion } from './endpoint.ts';
import type { ReleaseTarget } from './ports.ts';
import type { Step, StoredRelease } from './release.ts';

/** A step could not be done; what was changed before it stays recorded. */
export class StepFailed extends Error {
  /** False: it was seen before anything was changed. True: something was sent, what came of it has to be read. */
  readonly acted: boolean;

  constructor(message: string, options: { acted: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'StepFailed';
    this.acted = options.acted;
  }
}

export interface Execution {
  target: ReleaseTarget;
  repository: BoundRepository;
  release: StoredRelease;
  act: Act;
  /** Records the step before it acts and when it ended. */
  record(position: number, step: Step): Promise<void>;
  /** Resolves after so many milliseconds, or rejects when the server stops. */
  wait(ms: number): Promise<void>;
  now(): string;
  /** Milliseconds on a clock that does not jump. */
  monotonic(): number;
  /** For an endpoint's update, ms. */
  endpointTimeout: number;
  /** Whether a fault says nothing about the release, and the step is to be tried again. */
  passes(error: unknown): boolean;
}

async function currentAlias({ target, repository, release }: Execution): Promise<number | null> {
  const aliases = await target.aliases(repository, release.modelName);
  return aliases[release.alias] ?? null;
}

async function currentEndpoint({ target, repository, release }: Execution): Promise<Endpoint> {
  const endpoint = release.endpoint
    ? await target.endpoint(repository, release.endpoint, release.modelName)
    : null;
  if (!endpoint) throw new StepFailed(`The endpoint ${release.endpoint} is gone.`, { acted: false });
  return endpoint;
}

/** Compare with the expected version, write, and read back: Unity Catalog has no precondition (hazard 27). */
export async function moveAlias(
  execution: Execution,
  expected: number | null,
  wanted: number,
): Promise<string> {
  const { target, repository, release, act } = execution;
  const before = await currentAlias(execution);
  if (before === wanted) return `${release.alias} points to v${wanted}`;
  if (before !== expected) {
    throw movedAlias(release, before);
  }
  await target.setAlias(repository, release.modelName, release.alias, wanted, act);
  const after = await currentAlias(execution);
  if (after !== wanted) {
    throw new StepFailed(
      `${release.alias} was set to v${wanted} but reads ${after === null ? 'nothing' : `v${after}`}.`,
      { acted: true },
    );
  }
  return `${release.alias} points to v${wanted}`;
}

/** Puts the configuration and waits until the endpoint serves it. */
export async function routeEndpoint(execution: Execution, wanted: readonly ServedVersion[]): Promise<string> {
  const { target, repository, release, act } = execution;
  let endpoint = await currentEndpoint(execution);
  if (!serves(endpoint, wanted)) {
    const deadline = execution.monotonic() + execution.endpointTimeout;
    endpoint = await untilIdle(execution, endpoint, deadline);
    await target.route(repository, endpoint.name, release.modelName, wanted, act);
    endpoint = await untilIdle(execution, await currentEndpoint(execution), deadline);
    if (endpoint.update === 'failed') {
      throw new StepFailed(
        `${endpoint.name} could not be updated: ${endpoint.message ?? 'Databricks gives no reason'}. It still serves ${describeTraffic(endpoint.served)}.`,
        { acted: true },
      );
    }
    if (!serves(endpoint, wanted)) {
      throw new StepFailed(
        `${endpoint.name} serves ${describeTraffic(endpoint.served)} instead of ${describeTraffic(wanted)}: somebody else changed it in between.`,
        { acted: true },
      );
    }
  }
  return `${endpoint.name} serves ${describeTraffic(endpoint.served)}`;
}

async function untilIdle(execution: Execution, start: Endpoint, deadline: number): Promise<Endpoint> {
  let endpoint = start;
  for (let pause = 50; endpoint.update === 'in-progress'; pause = Math.min(pause * 1.5, 3_000)) {
    if (execution.monotonic() > deadline) {
      throw new StepFailed(
        `${endpoint.name} is still being updated after ${Math.round(execution.endpointTimeout / 60_000)} minutes. Look at it in Databricks, then finish or undo.`,
        { acted: true },
      );
    }
    await execution.wait(pause);
    endpoint = await currentEndpoint(execution);
  }
  return endpoint;
}

async function readBack(execution: Execution): Promise<string> {
  const { release } = execution;
  const is = await readTruth(execution);
  if (is.alias !== release.toVersion) {
    throw new StepFailed(
      `${release.alias} points to ${is.alias === null ? 'nothing' : `v${is.alias}`}, not to v${release.toVersion}.`,
      { acted: true },
    );
  }
  if (release.endpoint && release.endpointBefore && is.traffic !== release.toVersion) {
    throw new StepFailed(`${release.endpoint} does not serve v${release.toVersion} with all its traffic.`, {
      acted: true,
    });
  }
  return is.traffic === null ? `alias v${is.alias}` : `alias v${is.alias}, traffic v${is.traffic}`;
}

/** What the alias and the endpoint's traffic are now, whatever was planned. */
export async function readTruth(
  execution: Execution,
): Promise<{ alias: number | null; traffic: number | null }> {
  const { target, repository, release } = execution;
  const [alias, endpoint] = await Promise.all([
    currentAlias(execution),
    release.endpoint ? target.endpoint(repository, release.endpoint, release.modelName) : null,
  ]);
  return { alias, traffic: endpoint ? soleVersion(endpoint) : null };
}

async function perform(execution: Execution, step: Step): Promise<string> {
  const { release } = execution;
  switch (step.name) {
    case 'alias':
      return moveAlias(execution, release.fromVersion, release.toVersion);
    case 'traffic':
    case 'endpoint': {
      const endpoint = await currentEndpoint(execution);
      return routeEndpoint(execution, routeTo(endpoint, release.toVersion, release.fromVersion));
    }
    case 'read-back':
      return readBack(execution);
  }
}

/**
 * Nothing has been done yet: alias and endpoint must be as they were planned from. (A release that goes on after
 * some steps compares within each step.)
 */
async function compareWithPlan(execution: Execution): Promise<void> {
  const { release } = execution;
  if (release.steps.some((step) => step.state !== 'planned')) return;
  const alias = await currentAlias(execution);
  if (alias !== release.fromVersion) throw movedAlias(release, alias);
  if (!release.endpoint || !release.endpointBefore) return;
  const endpoint = await currentEndpoint(execution);
  // An update that failed earlier left the old configuration serving: no reason not to act.
  if (endpoint.update === 'in-progress' || !sameTraffic(endpoint.served, release.endpointBefore)) {
    throw new StepFailed(
      `Somebody else changed ${endpoint.name} in between (${describeTraffic(endpoint.served)}); nothing was done.`,
      { acted: false },
    );
  }
}

function movedAlias(release: StoredRelease, to: number | null): StepFailed {
  return new StepFailed(
    `Somebody else moved ${release.alias} to ${to === null ? 'nothing' : `v${to}`} in between; it was left there.`,
    { acted: false },
  );
}

/**
 * Runs the steps that are not done yet, in order. Each is safe to repeat: it looks first, so that a release that
 * was cut off is simply run again.
 *
 * @throws {StepFailed} at the first step that fails; it is recorded as failed
 * @throws what passes, as it is: the step stays as it was
 */
export async function runSteps(execution: Execution): Promise<void> {
  await compareWithPlan(execution);
  for (const [position, step] of execution.release.steps.entries()) {
    if (step.state === 'done') continue;
    step.state = 'running';
    step.detail = null;
    await execution.record(position, step);
    try {
      step.detail = await perform(execution, step);
      step.state = 'done';
      step.endedAt = execution.now();
      await execution.record(position, step);
    } catch (error) {
      if (execution.passes(error)) throw error;
      const message = error instanceof Error ? error.message : String(error);
      step.state = 'failed';
      step.detail = message;
      step.endedAt = execution.now();
      await execution.record(position, step);
      if (error instanceof StepFailed) throw error;
      throw new StepFailed(message, { acted: true, cause: error });
    }
  }
}

/** Whether alias and traffic are what they were before the release. */
export function isAsBefore(
  release: StoredRelease,
  is: { alias: number | null; traffic: number | null } | null,
): boolean {
  if (is === null || is.alias !== release.fromVersion) return false;
  if (release.endpointBefore === null) return true;
  return is.traffic === (release.endpointBefore.find((served) => served.percentage === 100)?.version ?? null);
}

/** Takes the traffic back where this release moved it. @returns what was left as somebody else made it */
async function undoTraffic(execution: Execution): Promise<string | null> {
  const { release, target, repository } = execution;
  if (!release.endpoint || !release.endpointBefore) return null;
  const endpoint = await target.endpoint(repository, release.endpoint, release.modelName);
  if (!endpoint) return `The endpoint ${release.endpoint} is gone.`;
  const now = soleVersion(endpoint);
  const before = release.endpointBefore.find((served) => served.percentage > 0)?.version;
  if (endpoint.update !== 'in-progress' && now !== release.toVersion && now !== before) {
    return `${release.endpoint} was left as somebody else configured it (${describeTraffic(endpoint.served)}).`;
  }
  await routeEndpoint(execution, release.endpointBefore);
  return null;
}

async function undoAlias(execution: Execution): Promise<string | null> {
  const { release, target, repository, act } = execution;
  const now = await currentAlias(execution);
  if (now === release.fromVersion) return null;
  if (now !== release.toVersion) {
    return `${release.alias} was left at ${now === null ? 'nothing' : `v${now}`}, where somebody else moved it.`;
  }
  if (release.fromVersion !== null) await moveAlias(execution, release.toVersion, release.fromVersion);
  else await target.removeAlias(repository, release.modelName, release.alias, act);
  return null;
}

/**
 * Takes back what a half-done release changed, and only that: endpoint first (users feel it), then the alias. What
 * somebody else changed meanwhile stays as they made it.
 *
 * @returns what was left alone, in words; null: everything is as before
 * @throws {StepFailed} when something cannot be taken back
 */
export async function undoSteps(execution: Execution): Promise<string | null> {
  const { release } = execution;
  const left = [await undoTraffic(execution), await undoAlias(execution)].filter((text) => text !== null);
  for (const [position, step] of release.steps.entries()) {
    if (step.state === 'undone') continue;
    step.state = 'undone';
    step.endedAt = execution.now();
    await execution.record(position, step);
  }
  return left.length > 0 ? left.join(' ') : null;
}
