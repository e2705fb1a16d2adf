import { join } from 'node:path';
import type { Journal } from '../journal.ts';
import type { Progress } from '../progress.ts';
import type { DemoUser } from '../setup/accounts.ts';
import type { Production } from '../setup/catalog.ts';
import { adoptProduction, aliasVersion, endpointServes, newestVersion } from '../setup/catalog.ts';
import type { GiteaClient } from '../setup/gitea-client.ts';
import type { Role, ServicePrincipal } from '../setup/principals.ts';
import { protectBranch } from '../setup/repository.ts';
import type { WorkspaceClient } from '../setup/workspace-client.ts';
import { waitUntil } from '../wait-until.ts';
import type { GitClone } from './git-clone.ts';
import type { PullRequest } from './pull-requests.ts';
import { approvePull, closePull, commitStatus, findPull, mergePull, openPull } from './pull-requests.ts';
import type { Story, StoryStep } from './story.ts';
import { describeStep } from './story.ts';

export interface Stage {
  /** Folder of the example: the story's files are relative to it. */
  exampleDir: string;
  /** `owner/name` in Gitea. */
  repository: string;
  users: DemoUser[];
  /** Who may merge into a protected branch. */
  mayMerge: string[];
  clone: GitClone;
  /** Gitea in a user's name. */
  gitea: (user: DemoUser) => GiteaClient;
  workspace: WorkspaceClient;
  production: Production;
  principals: Record<Role, ServicePrincipal>;
  journal: Journal;
  progress: Progress;
  signal: AbortSignal;
  /** Called with the number of the open pull request; null once it is merged or closed. */
  onPull: (number: number | null) => void;
  /** Longest wait for one training run, in milliseconds. */
  runWithin?: number;
}

/** Plays the steps that were not played yet. What happens is decided by Gitea, the backend and the metrics. */
export async function playStory(story: Story, stage: Stage): Promise<void> {
  for (const [index, step] of story.steps.entries()) {
    await stage.journal.step(`story ${index + 1} ${step.kind} ${step.branch}`, describeStep(step), () =>
      playStep(story, stage, step, `story ${index + 1}`),
    );
  }
}

async function playStep(story: Story, stage: Stage, step: StoryStep, key: string): Promise<unknown> {
  const user = stage.users.find(({ name }) => name === step.by);
  if (!user) throw new Error(`the story names ${step.by}, who is no user of the demo`);
  const gitea = stage.gitea(user);
  switch (step.kind) {
    case 'push': {
      const branches = await stage.clone.fetch(user);
      const start = branches.get(step.from ?? step.branch);
      const sha = await stage.clone.push(
        user,
        step.branch,
        start,
        join(stage.exampleDir, step.files),
        step.message,
      );
      if (step.expect) await awaitRun(story, stage, gitea, sha, step.expect);
      return { sha };
    }
    case 'adopt':
      return { version: await adopt(stage) };
    case 'protect':
      return protectBranch(gitea, stage.repository, step.branch, stage.mayMerge);
    case 'open': {
      const { branch, title, body } = step;
      const pull = await openPull(gitea, stage.repository, { branch, base: 'main', title, body });
      stage.onPull(pull.number);
      await awaitRun(story, stage, gitea, pull.head.sha, step.expect);
      return { pull: pull.number };
    }
    case 'approve':
      return approvePull(
        gitea,
        stage.repository,
        user.name,
        await pullFrom(stage, gitea, step.branch),
        step.comment,
      );
    case 'close':
      await closePull(gitea, stage.repository, await pullFrom(stage, gitea, step.branch), step.comment);
      return stage.onPull(null);
    case 'merge':
      return merge(stage, gitea, await pullFrom(stage, gitea, step.branch), step.expect === 'released', key);
  }
}

async function pullFrom({ repository }: Stage, gitea: GiteaClient, branch: string): Promise<PullRequest> {
  const pull = await findPull(gitea, repository, branch);
  if (!pull) throw new Error(`there is no pull request from ${branch}`);
  return pull;
}

/** Waits until the commit's training status is final, and shows each state that it passes. */
async function awaitRun(
  story: Story,
  { repository, progress, signal, runWithin = 20 * 60_000 }: Stage,
  gitea: GiteaClient,
  sha: string,
  expected: 'success' | 'failure',
): Promise<void> {
  const short = sha.slice(0, 7);
  let shown = '';
  const state = await waitUntil(
    async () => {
      const status = await commitStatus(gitea, repository, sha, story.commitStatus);
      if (!status) return undefined;
      const line = `  ${short} ${status.state}: ${status.description}`;
      if (line !== shown) progress.line(line);
      shown = line;
      return status.state === 'pending' ? undefined : status.state;
    },
    { what: `a result for ${short}`, within: runWithin, signal },
  );
  // A first run has nothing to be compared with and ends as a warning.
  const passed = state === 'success' || state === 'warning';
  if (passed !== (expected === 'success')) {
    progress.warn(
      `${short} ended as ${state}; the story expected ${expected}. It goes on with what is true.`,
    );
  }
}

/** What an admin does once: the first trained model becomes production, with an endpoint that serves it. */
async function adopt(stage: Stage): Promise<number | null> {
  const { workspace, production, principals, progress, signal } = stage;
  const version = await newestVersion(workspace, production.model);
  if (version === undefined) {
    progress.warn(
      `no version of ${production.model} is registered, so nothing can be put into production: see why the run failed, then start over with --fresh`,
    );
    return null;
  }
  await adoptProduction(workspace, production, version, principals);
  await awaitEndpoint(stage, version);
  signal.throwIfAborted();
  progress.line(`  ${production.alias} is version ${version}, served by ${production.endpoint}`);
  return version;
}

async function awaitEndpoint(stage: Stage, version: number): Promise<void> {
  const { workspace, production, progress, signal } = stage;
  try {
    await waitUntil(() => endpointServes(workspace, production.endpoint, version), {
      what: `version ${version} at the endpoint ${production.endpoint}`,
      within: 10 * 60_000,
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    progress.warn((error as Error).message);
  }
}

async function merge(stage: Stage, gitea: GiteaClient, pull: PullRequest, released: boolean, key: string) {
  const { repository, workspace, production, journal, progress, signal } = stage;
  // Noted before the merge: after an interruption it would be too late to learn it.
  const before = (await aliasVersion(workspace, production)) ?? null;
  const versionBefore = journal.once(`${key} version before`, () => before);
  if (!pull.merged) {
    const outcome = await waitUntil(() => mergePull(gitea, repository, pull), {
      what: `the merge of #${pull.number}`,
      within: 60_000,
      signal,
    });
    if (outcome !== true) {
      progress.warn(`#${pull.number} was not merged: ${outcome}`);
      return { merged: false };
    }
  }
  stage.onPull(null);
  if (!released) return { merged: true };
  try {
    const version = await waitUntil(
      async () => {
        const now = await aliasVersion(workspace, production);
        return now === versionBefore ? undefined : now;
      },
      { what: `the release of #${pull.number}`, within: 3 * 60_000, signal },
    );
    await awaitEndpoint(stage, version);
    progress.line(`  ${production.alias} is version ${version}, served by ${production.endpoint}`);
    return { merged: true, version };
  } catch (error) {
    signal.throwIfAborted();
    progress.warn(`${(error as Error).message}: see the comment in the pull request`);
    return { merged: true };
  }
}
