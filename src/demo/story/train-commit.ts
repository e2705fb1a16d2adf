import type { DemoUser } from '../setup/accounts.ts';
import { waitUntil } from '../wait-until.ts';
import { commitStatus } from './pull-requests.ts';
import type { Stage } from './stage.ts';
import type { Story } from './story.ts';

/**
 * Waits for the result of a commit. A run that was going on when the demo was stopped has ended with it; its commit
 * is pushed again, under a new SHA, as a person would.
 */
export async function trainCommit(
  story: Story,
  stage: Stage,
  user: DemoUser,
  commit: { branch: string; sha: string; expect: 'success' | 'failure'; interrupted: boolean },
): Promise<void> {
  const { progress } = stage;
  let { sha } = commit;
  let passed = await awaitRun(story, stage, user, sha);
  if (!passed && commit.interrupted) {
    progress.line(`  ${sha.slice(0, 7)} was interrupted: ${user.name} pushes it again`);
    sha = await stage.clone.pushAgain(user, commit.branch);
    passed = await awaitRun(story, stage, user, sha);
  }
  if (passed !== (commit.expect === 'success')) {
    progress.warn(`the story expected ${commit.expect} of ${sha.slice(0, 7)}. It goes on with what is true.`);
  }
}

/** Waits until the commit's training status is final, and shows each state that it passes. @returns whether it passed */
async function awaitRun(
  { commitStatus: context }: Story,
  { repository, gitea, progress, signal, runWithin = 20 * 60_000 }: Stage,
  user: DemoUser,
  sha: string,
): Promise<boolean> {
  const short = sha.slice(0, 7);
  const client = gitea(user);
  let shown = '';
  const state = await waitUntil(
    async () => {
      const status = await commitStatus(client, repository, sha, context);
      if (!status) return undefined;
      const line = `  ${short} ${status.state}: ${status.description}`;
      if (line !== shown) progress.line(line);
      shown = line;
      return status.state === 'pending' ? undefined : status.state;
    },
    { what: `a result for ${short}`, within: runWithin, signal },
  );
  // A first run has nothing to be compared with and ends as a warning.
  return state === 'success' || state === 'warning';
}
