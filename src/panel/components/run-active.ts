import type { RunState } from '../../contract/run.ts';

const active: readonly RunState[] = ['queued', 'uploading', 'submitted', 'running', 'evaluating'];

/** Whether the run is on its way, from the queue to the verdict. */
export function isActive(state: RunState): boolean {
  return active.includes(state);
}
