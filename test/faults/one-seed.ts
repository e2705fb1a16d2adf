import type { TestProject } from 'vitest/node';
import { repeatBy, seedOfThisRun } from './seed.ts';

/** One seed for all files of a run: told at its beginning, and again when something failed. */
export default function setup(project: TestProject): () => void {
  const seed = seedOfThisRun(() => {});
  console.log(repeatBy(seed));
  process.env.FAULTS_SEED = String(seed);
  return () => {
    if (project.vitest.state.getCountOfFailedTests() > 0) console.log(`Something failed. ${repeatBy(seed)}`);
  };
}
