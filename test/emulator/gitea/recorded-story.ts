import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { Answer, ForgeClient } from './forge-on-loopback.ts';
import { startForge } from './forge-on-loopback.ts';

/** A webhook as it arrived. */
export interface Received {
  headers: Record<string, string>;
  raw: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: payloads are compared with recordings, field by field
  body: any;
}

/** A request of the story and what the forge answered. */
export interface Exchange extends Answer {
  /** Method and path, as recordings write them. */
  request: string;
  requestBody: unknown;
}

/** A forge that the story can be played on. */
export interface Playable extends ForgeClient {
  url: string;
  /** For working copies. */
  folder: string;
  forge: {
    createUser(user: { name: string; password: string; email: string; admin: boolean }): Promise<unknown>;
    /** Resolves when nothing is on its way any more. */
    webhooksSent(): Promise<void>;
  };
  close(): Promise<void>;
}

export interface Story {
  running: Playable;
  /** Exchanges by the name of the recording they belong to. */
  answers: Record<string, Exchange>;
  received: Received[];
  close(): Promise<void>;
}

/**
 * Plays the story that was recorded on a real Gitea: ada (site admin), wendy (writes), rita and oscar (read) and
 * `ml/wine-quality`, with the same requests in the same order.
 */
export async function playRecordedStory(start: () => Promise<Playable> = startForge): Promise<Story> {
  const running = await start();
  const { forge, api, git } = running;
  const received: Received[] = [];
  const receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const headers: Record<string, string> = {};
      for (let at = 0; at < request.rawHeaders.length; at += 2) {
        headers[request.rawHeaders[at]!] = request.rawHeaders[at + 1]!;
      }
      received.push({ headers, raw, body: JSON.parse(raw.toString('utf8')) });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as { port: number };

  const answers: Record<string, Exchange> = {};
  const keep = async (name: string, user: string, method: string, path: string, body?: unknown) => {
    const answer = await api(user, method, path, body);
    answers[name] = { ...answer, request: `${method} /api/v1${path}`, requestBody: body ?? null };
    return answer.body;
  };
  const repo = '/repos/ml/wine-quality';

  await forge.createUser({
    name: 'ada',
    password: running.password('ada'),
    email: 'ada@example.com',
    admin: true,
  });
  for (const username of ['wendy', 'rita', 'oscar']) {
    const password = running.password(username);
    await api('ada', 'POST', '/admin/users', {
      username,
      password,
      email: `${username}@example.com`,
      must_change_password: false,
    });
  }
  await api('ada', 'POST', '/orgs', { username: 'ml' });
  await keep('repo-create', 'ada', 'POST', '/orgs/ml/repos', {
    name: 'wine-quality',
    private: true,
    auto_init: true,
    default_branch: 'main',
    description: 'Wine quality model',
  });
  await api('ada', 'PUT', `${repo}/collaborators/wendy`, { permission: 'write' });
  await api('ada', 'PUT', `${repo}/collaborators/rita`, { permission: 'read' });
  await api('ada', 'PUT', `${repo}/collaborators/oscar`, { permission: 'read' });
  await keep('hook-create', 'ada', 'POST', `${repo}/hooks`, {
    type: 'gitea',
    active: true,
    branch_filter: '*',
    events: [
      'push',
      'create',
      'delete',
      'fork',
      'issue_comment',
      'pull_request',
      'pull_request_sync',
      'pull_request_review_approved',
      'pull_request_review_rejected',
      'pull_request_review_comment',
      'pull_request_comment',
      'repository',
      'release',
    ],
    config: { url: `http://127.0.0.1:${port}/webhook`, content_type: 'json', secret: 'webhook-secret' },
  });

  await git(running.folder, 'clone', '--quiet', running.remote('wendy', 'ml/wine-quality'), 'wendy');
  const work = join(running.folder, 'wendy');
  await git(work, 'config', 'user.name', 'Wendy');
  await git(work, 'config', 'user.email', 'wendy@example.com');
  const push = async (text: string, message: string, branch: string, folder = work) => {
    await writeFile(join(folder, 'train.py'), text);
    await git(folder, 'add', '.');
    await git(folder, 'commit', '--quiet', '-m', message);
    await git(folder, 'push', '--quiet', 'origin', `HEAD:${branch}`);
    return git(folder, 'rev-parse', 'HEAD');
  };
  await push('print("train")\n', 'Add the training script', 'main');
  await keep('branch-protection-create', 'ada', 'POST', `${repo}/branch_protections`, {
    rule_name: 'main',
    enable_push: false,
    required_approvals: 1,
    enable_status_check: true,
    status_check_contexts: ['databricks/*'],
    block_on_rejected_reviews: true,
    dismiss_stale_approvals: true,
    protected_file_patterns: '.gitea/databricks.yml',
  });
  await git(work, 'checkout', '--quiet', '-b', 'deeper-trees');
  await push('print("train deeper")\n', 'Grow deeper trees', 'deeper-trees');
  await keep('pull-create', 'wendy', 'POST', `${repo}/pulls`, {
    head: 'deeper-trees',
    base: 'main',
    title: 'Grow deeper trees',
    body: 'More depth.',
  });
  const head = await push('print("train deepest")\n', 'Grow the deepest trees', 'deeper-trees');
  // Until then an approval would count for the commit before, and go with it.
  await vi.waitUntil(() => received.some(({ body }) => body.action === 'synchronized'), { timeout: 60_000 });
  await keep('comment-create', 'wendy', 'POST', `${repo}/issues/1/comments`, { body: '/databricks train' });
  const comment = `${repo}/issues/comments/${answers['comment-create']!.body.id}`;
  await keep('comment-edit', 'wendy', 'PATCH', comment, { body: 'edited <!-- marker -->' });
  await keep('comment-list', 'rita', 'GET', `${repo}/issues/1/comments`);
  await keep('status-create', 'wendy', 'POST', `${repo}/statuses/${head}`, {
    state: 'pending',
    context: 'databricks/train',
    description: 'Training on Databricks',
    target_url: `${running.url}ml/wine-quality/pulls/1`,
  });
  await keep('error-forbidden', 'rita', 'POST', `${repo}/statuses/${head}`, { state: 'success' });
  await keep('review-approve', 'ada', 'POST', `${repo}/pulls/1/reviews`, {
    event: 'APPROVED',
    body: 'Looks right',
  });
  await keep('review-list', 'rita', 'GET', `${repo}/pulls/1/reviews`);
  await keep('repo-as-admin', 'ada', 'GET', repo);
  await keep('repo-as-writer', 'wendy', 'GET', repo);
  await keep('repo-as-reader', 'rita', 'GET', repo);
  await keep('pull-get', 'rita', 'GET', `${repo}/pulls/1`);
  await keep('pull-files', 'rita', 'GET', `${repo}/pulls/1/files`);
  await keep('status-combined', 'rita', 'GET', `${repo}/commits/${head}/status`);
  await keep('commit', 'rita', 'GET', `${repo}/git/commits/${head}`);
  await keep('contents', 'rita', 'GET', `${repo}/contents/train.py?ref=${head}`);
  await keep('tree', 'rita', 'GET', `${repo}/git/trees/${head}?recursive=true`);
  await keep('branch-as-reader', 'rita', 'GET', `${repo}/branches/main`);
  await keep('branch-protection-list-as-writer', 'wendy', 'GET', `${repo}/branch_protections`);
  await keep('collaborator-permission', 'ada', 'GET', `${repo}/collaborators/wendy/permission`);
  await keep('user', 'rita', 'GET', '/user');
  await keep('error-unauthorized', '', 'GET', '/user');
  await keep('error-not-found', 'ada', 'GET', '/repos/ml/absent');
  await keep('error-missing-issue', 'wendy', 'POST', `${repo}/issues/9999/comments`, { body: 'x' });

  await keep('fork-create', 'oscar', 'POST', `${repo}/forks`, {});
  await git(running.folder, 'clone', '--quiet', running.remote('oscar', 'oscar/wine-quality'), 'oscar');
  const fork = join(running.folder, 'oscar');
  await git(fork, 'config', 'user.name', 'Oscar');
  await git(fork, 'config', 'user.email', 'oscar@example.com');
  const mine = await push('import os; print(os.environ)\n', 'Look around', 'mine', fork);
  await keep('pull-create-from-fork', 'oscar', 'POST', `${repo}/pulls`, {
    head: 'oscar:mine',
    base: 'main',
    title: 'A change from a fork',
  });
  await keep('contents-of-fork-head', 'rita', 'GET', `${repo}/contents/train.py?ref=${mine}`);

  await api('wendy', 'POST', `${repo}/statuses/${head}`, { state: 'success', context: 'databricks/train' });
  await keep('pull-merge', 'ada', 'POST', `${repo}/pulls/1/merge`, { Do: 'merge' });
  await keep('oauth2-application-create', 'ada', 'POST', '/user/applications/oauth2', {
    name: 'Databricks panel',
    redirect_uris: ['http://127.0.0.1:8787/auth/callback'],
    confidential_client: true,
  });

  await git(work, 'fetch', '--quiet', 'origin');
  await git(work, 'checkout', '--quiet', '-B', 'fewer-trees', 'origin/main');
  await push('print("train deepest")\nprint("cheaper")\n', 'Use fewer trees', 'fewer-trees');
  await api('wendy', 'POST', `${repo}/pulls`, {
    head: 'fewer-trees',
    base: 'main',
    title: 'Use fewer trees',
    body: 'Cheaper.',
  });
  await api('ada', 'POST', `${repo}/pulls/3/reviews`, { event: 'REQUEST_CHANGES', body: 'Not yet' });
  await git(work, 'tag', 'v1');
  await git(work, 'push', '--quiet', 'origin', 'v1');
  await api('wendy', 'PATCH', `${repo}/pulls/3`, { state: 'closed' });
  await api('wendy', 'PATCH', `${repo}/pulls/3`, { state: 'open' });
  await git(work, 'push', '--quiet', 'origin', ':deeper-trees');
  await forge.webhooksSent();

  return {
    running,
    answers,
    received,
    async close() {
      await running.close();
      await new Promise((resolve) => receiver.close(resolve));
    },
  };
}
