import type { StoreView } from '../invariants/store-view.ts';
import { unfinished } from '../invariants/unfinished.ts';
import { eventually } from './eventually.ts';
import type { TrainingPlan } from './in-process-programs.ts';
import type { World } from './world.ts';
import { repositoryConfiguration } from './world.ts';

/** What a training does that nothing else is said of. */
export const usualPlan: TrainingPlan = { metrics: { rmse: 0.5 } };

/** The first commit of a repository: what is trained, and how. */
export async function beginRepository(
  world: World,
  fullName: string,
  configuration = repositoryConfiguration,
): Promise<void> {
  await world.forge.push('ada', fullName, {
    branch: 'main',
    message: 'Begin',
    files: {
      '.gitea/databricks.yml': configuration,
      'train.py': '# What it does stands in plan.json.\n',
      'plan.json': JSON.stringify(usualPlan),
    },
  });
}

/** Branches with a pull request each, whose training does what the plan says. @returns the branches */
export async function openPulls(
  world: World,
  fullName: string,
  count: number,
  plan: TrainingPlan,
): Promise<string[]> {
  const from = world.forge.repository(fullName).nextIndex;
  const branches = Array.from({ length: count }, (_, index) => `try-${from + index}`);
  for (const branch of branches) {
    const files = { 'plan.json': JSON.stringify(plan), [`data/${branch}.csv`]: `value\n${branch}\n` };
    await world.forge.push('walt', fullName, { branch, from: 'main', message: `Try ${branch}`, files });
    await world.forge.openPull('walt', fullName, branch);
  }
  return branches;
}

/** Waits until nothing is under way any more. @throws with what stays */
export async function settled(
  world: World,
  view: StoreView,
  { withinMs = 120_000, everyMs = 100 } = {},
): Promise<void> {
  const start = performance.now();
  let left: string[] = [];
  await eventually(
    'the end of what was begun',
    async () => {
      const now = await unfinished(world, view);
      if (now.length === 0) return true;
      left = now;
      return false;
    },
    { withinMs, everyMs, still: () => left },
  );
  const seconds = Math.round((performance.now() - start) / 1_000);
  if (seconds > 60) console.log(`It took ${seconds} s until all had ended; the last was ${left.join('; ')}`);
}

/** How many runs are in each state. */
export async function runStates(view: StoreView): Promise<Record<string, number>> {
  const rows = await view.rows<{ state: string; runs: number }>(
    'select state, count(*) as runs from runs group by state',
  );
  return Object.fromEntries(rows.map(({ state, runs }) => [state, Number(runs)]));
}
