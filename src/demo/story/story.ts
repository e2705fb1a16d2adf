import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** One step of the example's history. A pull request is known by its branch. */
export type StoryStep =
  | {
      kind: 'push';
      branch: string;
      by: string;
      /** Branch that the new one starts from; without it the branch itself goes on. */
      from?: string;
      /** Folder whose files are laid over the branch's. */
      files: string;
      message: string;
      expect?: 'success' | 'failure';
    }
  | { kind: 'adopt'; branch: string; by: string }
  | { kind: 'protect'; branch: string; by: string }
  | { kind: 'open'; branch: string; by: string; title: string; body: string; expect: 'success' | 'failure' }
  | { kind: 'approve'; branch: string; by: string; comment: string }
  | { kind: 'close'; branch: string; by: string; comment: string }
  | { kind: 'merge'; branch: string; by: string; expect?: 'released' };

export interface Story {
  repository: string;
  description: string;
  /** Context of the commit status that ends a training run. */
  commitStatus: string;
  steps: StoryStep[];
}

const required: Record<StoryStep['kind'], string[]> = {
  push: ['by', 'files', 'message'],
  adopt: ['by'],
  protect: ['by'],
  open: ['by', 'title', 'body', 'expect'],
  approve: ['by', 'comment'],
  close: ['by', 'comment'],
  merge: ['by'],
};
const kinds = Object.keys(required) as StoryStep['kind'][];

/** Reads `story.yaml`. @throws with the step's number when one is not understood or a folder of files is missing. */
export function readStory(dir: string): Story {
  const { steps, ...rest } = parse(readFileSync(join(dir, 'story.yaml'), 'utf8')) as Omit<Story, 'steps'> & {
    steps: Record<string, string>[];
  };
  return { ...rest, steps: steps.map((step, index) => readStep(dir, step, index + 1)) };
}

function readStep(dir: string, fields: Record<string, string>, number: number): StoryStep {
  const named = kinds.filter((kind) => kind in fields);
  const [kind] = named;
  if (kind === undefined || named.length > 1) {
    throw new Error(`story step ${number}: name exactly one of ${kinds.join(', ')}`);
  }
  const missing = required[kind].filter((name) => typeof fields[name] !== 'string');
  if (missing.length > 0) throw new Error(`story step ${number} (${kind}): ${missing.join(', ')} is missing`);
  if (kind === 'push' && !statSync(join(dir, fields.files as string)).isDirectory()) {
    throw new Error(`story step ${number}: ${fields.files} is no folder`);
  }
  const { [kind]: branch, ...others } = fields;
  return { kind, branch, ...others } as unknown as StoryStep;
}

/** What the terminal shows of a step. */
export function describeStep(step: StoryStep): string {
  switch (step.kind) {
    case 'push':
      return `${step.by} pushes to ${step.branch}: ${step.message.split('\n')[0]}`;
    case 'adopt':
      return `${step.by} puts the first model into production`;
    case 'protect':
      return `${step.by} protects ${step.branch}`;
    case 'open':
      return `${step.by} opens a pull request: ${step.title}`;
    default:
      return `${step.by} ${step.kind}s the pull request from ${step.branch}`;
  }
}
