import { join } from 'node:path';
import { aliasVersion } from '../setup/catalog.ts';
import type { GiteaClient } from '../setup/gitea-client.ts';
import { protectBranch } from '../setup/repository.ts';
import { waitUntil } from '../wait-until.ts';
import { adoptFirstModel, awaitRelease } from './production.ts';
import type { PullRequest } from './pull-requests.ts';
import { approvePull, closePull, findPull, mergePull, openPull } from './pull-requests.ts';
import type { Stage } from './stage.ts';
import type { Story, StoryStep } from './story.ts';
import { describeStep } from './story.ts';
import { trainCommit } from './train-commit.ts';

/** Plays the steps that were not played yet. What happens is decided by Gitea, the backend and the metrics. */
export async function playStory(story: Story, stage: Stage): Promise<void> {
  for (const [index, step] of story.steps.entries()) {
    const key = `story ${index + 1}`;
    await stage.journal.step(`${key} ${step.kind} ${step.branch}`, describeStep(step), () => {
      const interrupted = stage.journal.known(`${key} begun`) === true;
      stage.journal.keep(`${key} begun`, true);
      return playStep(story, stage, step, key, interrupted);
    });
  }
}

/** @param interrupted an earlier start began with this step and did not get to its end */
async function playStep(
  story: Story,
  stage: Stage,
  step: StoryStep,
  key: string,
  interrupted: boolean,
): Promise<unknown> {
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
      if (step.expect)
        await trainCommit(story, stage, user, { ...step, sha, expect: step.expect, interrupted });
      return { sha };
    }
    case 'adopt':
      return { version: await adoptFirstModel(stage) };
    case 'protect':
      return protectBranch(gitea, stage.repository, step.branch, stage.mayMerge);
    case 'open': {
      const { branch, title, body } = step;
      const pull = await openPull(gitea, stage.repository, { branch, base: 'main', title, body });
      stage.onPull(pull.number);
      await trainCommit(story, stage, user, { ...step, sha: pull.head.sha, interrupted });
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
  return { merged: true, version: await awaitRelease(stage, pull.number, versionBefore) };
}
