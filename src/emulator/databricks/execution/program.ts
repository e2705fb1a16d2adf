import type { WorkspaceContext } from '../context.ts';
import type { Outcome } from '../jobs/outcome.ts';
import type { ReferenceValues } from '../jobs/references.ts';
import type { Run, TaskRun } from '../jobs/run-store.ts';
import type { TaskSettings } from '../jobs/settings.ts';
import type { createWorkTree } from './work-tree.ts';

/** One attempt at a task, as the programs that can carry it out see it. */
export interface Attempt {
  context: WorkspaceContext;
  run: Run;
  task: TaskRun;
  settings: TaskSettings;
  values: ReferenceValues;
  /** The task's own folder; it is gone when the task has ended. */
  folder: string;
  /** Whether the run's principal may read a workspace path. */
  mayRead: (path: string) => boolean;
}

/** What a task runs, once it is known that it can be run. */
export interface Program {
  /** Lines of a requirements file beside the task's own dependencies. */
  requirements: readonly string[];
  /** Set for a notebook: MLflow runs made by it say so. */
  notebook?: { id: string; path: string };
  /** Puts the files in place. @returns Python's arguments and where it starts. */
  arrange(tree: ReturnType<typeof createWorkTree>): Promise<{ args: string[]; cwd: string }>;
  /** How the task ended. @param exit undefined for exit code 0, else words for how the process ended. */
  outcome(exit: string | undefined): Outcome;
}

/** Why a task is not started. */
export class TaskRefusal extends Error {
  readonly outcome: Outcome;

  constructor(outcome: Outcome) {
    super(outcome.message);
    this.outcome = outcome;
  }
}
