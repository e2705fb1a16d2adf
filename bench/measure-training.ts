import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningDemo } from '../src/demo/run-demo.ts';
import { GitClone } from '../src/demo/story/git-clone.ts';
import type { GiteaApi } from './api.ts';
import { workspaceApi } from './api.ts';
import { startHookRelay } from './hook-relay.ts';
import { firstSeen } from './poll.ts';

/** Milliseconds, one entry per pushed commit. */
export interface TrainingSamples {
  /** From the delivery that asks for the run (the pull request's) to the pending status that Gitea shows. */
  pending: number[];
  /** The same from the branch's push delivery, which Gitea sends first and which asks for nothing. */
  pendingFromPush: number[];
  /** From the workspace's terminal state to the final status that Gitea shows. */
  status: number[];
  /** From the workspace's terminal state to the comment that Gitea shows. */
  comment: number[];
}

interface JobsRun {
  run_id: number;
  run_name: string;
  state: { life_cycle_state: string };
}

const branch = 'bench';
const terminal = ['TERMINATED', 'SKIPPED', 'INTERNAL_ERROR'];

/**
 * Pushes commits to a pull request, each with a training script that ends at once, and looks from outside at Gitea
 * and at the workspace. The job's dependencies stay those of the example, so its environment is in the cache.
 *
 * @param gitea as somebody who may change webhooks
 * @param folder for the clone and the commits' files
 */
export async function measureTraining(
  demo: RunningDemo,
  gitea: GiteaApi,
  folder: string,
  count: number,
  progress: (text: string) => void,
): Promise<TrainingSamples> {
  const { repository, users, backend } = demo.demo;
  const workspace = workspaceApi(demo);
  const walt = users.find(({ name }) => name === 'walt');
  if (!walt) throw new Error('the demo has no user walt');
  const author = { ...walt, fullName: walt.name };
  const clone = new GitClone(
    join(folder, 'clone'),
    `${demo.url}${repository}.git`,
    new AbortController().signal,
  );
  const files = join(folder, 'files');
  mkdirSync(files, { recursive: true });
  cpSync(join(import.meta.dirname, 'quick-training'), files, { recursive: true });

  /** One commit. The script's metric differs each time: it is a change as any other. */
  const push = async (number: number): Promise<string> => {
    writeFileSync(join(files, 'sample.py'), `RMSE = ${(0.7 + number / 1000).toFixed(4)}\n`);
    const branches = await clone.fetch(author);
    const start = branches.get(branch) ?? branches.get('main');
    return clone.push(author, branch, start, files, `Sample ${number}`);
  };
  const statusOf = async (sha: string): Promise<string | undefined> => {
    const list = await gitea<{ status: string; context: string }[]>(`repos/${repository}/statuses/${sha}`);
    return list.find(({ context }) => context === 'databricks/train')?.status;
  };
  const finalStatus = async (sha: string) => {
    const status = await statusOf(sha);
    return status === undefined || status === 'pending' ? undefined : status;
  };

  progress('opening the pull request that the samples are pushed to');
  const first = await push(0);
  const { number: pull } = await gitea<{ number: number }>(`repos/${repository}/pulls`, {
    body: { head: branch, base: 'main', title: 'Samples of a benchmark', body: '' },
  });
  await firstSeen('the first final status', () => finalStatus(first));

  const comment = async (sha: string) => {
    const all = await gitea<{ body: string }[]>(`repos/${repository}/issues/${pull}/comments`);
    const own = all.find(({ body }) => body.includes(sha.slice(0, 10)));
    return own && !/^### Training$/m.test(own.body) ? own.body : undefined;
  };
  const ended = async (sha: string) => {
    const { runs = [] } = await workspace<{ runs?: JobsRun[] }>('2.2/jobs/runs/list?limit=5');
    const run = runs.find(({ run_name }) => run_name.includes(sha.slice(0, 10)));
    return run && terminal.includes(run.state.life_cycle_state) ? run : undefined;
  };

  const relay = await startHookRelay(new URL('webhooks/gitea', backend.url).href);
  await pointHookAt(gitea, repository, relay.url);
  const samples: TrainingSamples = { pending: [], pendingFromPush: [], status: [], comment: [] };
  try {
    for (let number = 1; number <= count; number += 1) {
      const sha = await push(number);
      // Looking at Gitea makes its answers slower, those to the backend too: not before there is something to see.
      const sent = await relay.sent('pull_request', sha);
      const pending = await firstSeen(`the pending status of sample ${number}`, () => statusOf(sha));
      const [end, status, report] = await Promise.all([
        firstSeen(`the end of sample ${number}`, () => ended(sha)),
        firstSeen(`the final status of sample ${number}`, () => finalStatus(sha)),
        firstSeen(`the comment on sample ${number}`, () => comment(sha)),
      ]);
      if (pending.value !== 'pending') throw new Error(`sample ${number} began as ${pending.value}`);
      samples.pending.push(pending.at - sent);
      samples.pendingFromPush.push(pending.at - (await relay.sent('push', sha)));
      samples.status.push(status.at - end.at);
      samples.comment.push(report.at - end.at);
      progress(
        `sample ${number}: ${ms(pending.at - sent)} to pending, ${ms(report.at - end.at)} to the comment`,
      );
    }
  } finally {
    relay.close();
    await pointHookAt(gitea, repository, new URL('webhooks/gitea', backend.url).href);
  }
  return samples;
}

const ms = (value: number) => `${Math.round(value)} ms`;

/** Moves the repository's one webhook. Its events are sent again, since Gitea would unset them; its secret stays. */
async function pointHookAt(gitea: GiteaApi, repository: string, url: string): Promise<void> {
  const [hook] = await gitea<{ id: number; events: string[] }[]>(`repos/${repository}/hooks`);
  if (!hook) throw new Error(`${repository} has no webhook`);
  await gitea(`repos/${repository}/hooks/${hook.id}`, {
    method: 'PATCH',
    body: { config: { url, content_type: 'json' }, events: hook.events, active: true },
  });
}
