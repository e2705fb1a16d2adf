import type { ModelList, Release, ReleasePlan } from '../src/contract/release.ts';
import { firstSeen } from './poll.ts';
import type { BackendApi } from './sign-in.ts';

/** One release from the request to its end. */
export interface ReleaseSample {
  /** `v3 → v2` */
  name: string;
  /** From sending the request until it reads as succeeded, in milliseconds. */
  tookMs: number;
  /** What the workspace waited on purpose meanwhile, in milliseconds. */
  injectedMs: number;
}

/** Latency that the demo's workspace adds, in milliseconds. */
export interface InjectedLatency {
  servingUpdateMs: number;
  servingTrafficMs: number;
}

/**
 * Goes back and forth between two versions that were in production, by the API that the panel's button uses:
 * plan, confirm with the plan's digest, read until it succeeded. A version that was released before is released
 * again by a rollback in either direction.
 */
export async function measureReleases(
  backend: BackendApi,
  repository: number,
  count: number,
  latency: InjectedLatency,
  progress: (text: string) => void,
): Promise<ReleaseSample[]> {
  const base = `repositories/${repository}`;
  const samples: ReleaseSample[] = [];
  while (samples.length < count) {
    const { models } = await backend<ModelList>(`${base}/models`);
    const [model] = models;
    const target = model?.versions.find(
      ({ version, rollback }) => version !== model.champion && rollback.allowed,
    );
    if (!model || !target) throw new Error('there is no version to roll back to');
    const asked = { kind: 'rollback', toVersion: target.version };
    const plan = await backend<ReleasePlan>(`${base}/models/${model.key}/plans`, asked);
    if (plan.blocked.length > 0) throw new Error(`the rollback is blocked: ${plan.blocked.join(' ')}`);
    const start = performance.now();
    const { id } = await backend<Release>(`${base}/models/${model.key}/releases`, {
      ...asked,
      digest: plan.digest,
      reason: 'benchmark',
    });
    const { value, at } = await firstSeen(`the end of release ${id}`, async () => {
      const release = await backend<Release>(`${base}/releases/${id}`);
      return release.state === 'running' ? undefined : release;
    });
    if (value.state !== 'succeeded') throw new Error(`release ${id} ended as ${value.state}: ${value.error}`);
    const loads = value.steps.some(({ name, state }) => name === 'endpoint' && state === 'done');
    const sample = {
      name: `v${plan.from?.version ?? '?'} → v${target.version}`,
      tookMs: at - start,
      injectedMs: loads ? latency.servingUpdateMs : latency.servingTrafficMs,
    };
    samples.push(sample);
    progress(
      `release ${samples.length}: ${sample.name}, ${Math.round(sample.tookMs)} ms, of which the workspace waits ${sample.injectedMs} ms`,
    );
  }
  return samples;
}
