import type { Endpoint } from './endpoint.ts';
import { describeTraffic, isLoaded, routeTo } from './endpoint.ts';
import type { RegistryStores } from './ports.ts';
import type { Step, StoredRelease } from './release.ts';

function planned(name: Step['name'], from: string, to: string): Step {
  return { name, state: 'planned', from, to, detail: null, endedAt: null };
}

function version(number: number | null): string {
  return number === null ? 'nothing' : `v${number}`;
}

/**
 * The steps of a release in the order in which they act. Where the target is still loaded the traffic moves
 * first: it is the part that users of the endpoint feel, and it takes seconds. Where it has to be loaded the
 * alias moves first and the endpoint follows.
 */
export function planSteps(facts: {
  alias: string;
  from: number | null;
  to: number;
  endpoint: Endpoint | null;
}): Step[] {
  const alias = planned('alias', `${facts.alias} → ${version(facts.from)}`, `${facts.alias} → v${facts.to}`);
  const readBack = planned('read-back', 'not checked', 'alias and endpoint agree');
  if (!facts.endpoint) return [alias, readBack];
  const before = describeTraffic(facts.endpoint.served);
  const after = describeTraffic(routeTo(facts.endpoint, facts.to, facts.from));
  if (isLoaded(facts.endpoint, facts.to)) return [planned('traffic', before, after), alias, readBack];
  return [alias, planned('endpoint', before, after), readBack];
}

/**
 * The steps tell which way a release goes when it is resumed: one that is undone leads backwards. Finishing looks at
 * every step again, since a failed undo may have taken a done one back.
 */
export async function markDirection(
  { releases }: Pick<RegistryStores, 'releases'>,
  release: StoredRelease,
  how: 'finish' | 'undo',
): Promise<void> {
  for (const [position, step] of release.steps.entries()) {
    if (how === 'undo' && step.state === 'done') continue;
    step.state = how === 'undo' ? 'undone' : 'failed';
    await releases.setStep(release.id, position, step);
  }
}

/** Whether a release that runs takes back what it did. */
export const leadsBackwards = ({ steps }: Pick<StoredRelease, 'steps'>): boolean =>
  steps.some((step) => step.state === 'undone');
