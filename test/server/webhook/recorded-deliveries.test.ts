/**
 * The recorded deliveries of a real Gitea, byte for byte with their signatures, into the whole backend. The forge
 * behind it has played the same story (same repository and pull requests, other commits), so that what a delivery
 * hints at is looked up and found, or found to be otherwise.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../../src/server/main.ts';
import { startBackend } from '../../../src/server/main.ts';
import type { Story } from '../../emulator/gitea/recorded-story.ts';
import { playRecordedStory } from '../../emulator/gitea/recorded-story.ts';
import { freePort } from '../../free-port.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/gitea/webhooks');

/**
 * What each recording leads to: ignored with a reason, or stored and acted upon with an outcome. The forge is at the
 * story's end: pull request 1 merged, 2 (of a fork) and 3 open. A run may be there already, by the reconciler.
 */
const leadsTo: Record<string, { ignored: string } | { outcome: RegExp }> = {
  'push-default-branch': { outcome: /^21cabe6dc9 is not on main any more$/ },
  'push-merge': { outcome: /^fbd502202b is not on main any more$/ },
  'push-new-branch': { outcome: /^deeper-trees is not the production branch$/ },
  'push-branch': { outcome: /^deeper-trees is not the production branch$/ },
  'pull_request-opened': { outcome: /^pull request 1 is merged$/ },
  'pull_request_sync-synchronized': { outcome: /^pull request 1 is merged$/ },
  'pull_request-opened-from-fork': { outcome: /^run \d( exists)?, waits for approval$/ },
  'pull_request-closed-merged': { outcome: /^merged into main$/ },
  'pull_request-closed-unmerged': { outcome: /^pull request 3 is open again$/ },
  'pull_request-reopened': { outcome: /^run \d( exists)?$/ },
  'pull_request_comment-created': { outcome: /^the comment was edited$/ },
  'pull_request_comment-edited': { ignored: 'comment edited' },
  'pull_request_review_approved-reviewed': { ignored: 'event pull_request_approved' },
  'pull_request_review_rejected-reviewed': { ignored: 'event pull_request_rejected' },
  'create-branch': { ignored: 'event create' },
  'create-tag': { ignored: 'event create' },
  'delete-branch': { ignored: 'event delete' },
  fork: { ignored: 'event fork' },
};
const names = readdirSync(fixtures)
  .filter((name) => name.endsWith('.body.json'))
  .map((name) => name.slice(0, -'.body.json'.length));

interface Recorded {
  headers: Record<string, string>;
  body: Buffer<ArrayBuffer>;
}
const recorded = (name: string): Recorded => ({
  headers: JSON.parse(readFileSync(join(fixtures, `${name}.headers.json`), 'utf8')),
  body: Buffer.from(readFileSync(join(fixtures, `${name}.body.json`))),
});

let folder: string;
let story: Story;
let backend: Backend;
let database: DatabaseSync;

const post = ({ headers, body }: Recorded) =>
  fetch(`${backend.url}webhooks/gitea`, { method: 'POST', headers, body });
const branchHead = async () =>
  (await story.running.api('ada', 'GET', '/repos/ml/wine-quality/branches/main')).body.commit.id as string;
/** Stored deliveries, oldest first. */
const rows = () =>
  database
    .prepare(
      'select uuid, event, event_type, repository_id, body, state, outcome from deliveries order by id',
    )
    .all() as Record<string, unknown>[];
const rowOf = (name: string) =>
  rows().find(({ uuid }) => uuid === recorded(name).headers['X-Gitea-Delivery']);
const accepted = () =>
  database.prepare("select * from audit where action = 'delivery.accepted'").all() as Record<
    string,
    unknown
  >[];

/** What the repository trains, on main as the story left it. */
async function configure(): Promise<void> {
  const { git, api, folder: clones } = story.running;
  expect((await api('ada', 'DELETE', '/repos/ml/wine-quality/branch_protections/main')).status).toBe(204);
  const work = join(clones, 'wendy');
  await git(work, 'checkout', '--quiet', '-B', 'main', 'origin/main');
  mkdirSync(join(work, '.gitea'));
  writeFileSync(
    join(work, '.gitea/databricks.yml'),
    'version: 1\ntrain:\n  entry: train.py\n  paths: ["*.py"]\nmodel: wine\nmetrics:\n  primary: rmse\n  gates:\n    rmse: {direction: lower, limit: 0.9}\n',
  );
  await git(work, 'add', '.');
  await git(work, 'commit', '--quiet', '-m', 'Say what is trained');
  await git(work, 'push', '--quiet', 'origin', 'main');
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'recorded-deliveries-'));
  story = await playRecordedStory();
  const token = await story.running.api('ada', 'POST', '/users/ada/tokens', {
    name: 'backend',
    scopes: ['write:repository', 'write:issue', 'read:user'],
  });
  const secrets = { token: token.body.sha1, hook: 'webhook-secret', client: 'client-secret' };
  for (const [name, secret] of Object.entries(secrets))
    writeFileSync(join(folder, name), secret, { mode: 0o600 });
  await configure();
  const port = await freePort();
  const config = join(folder, 'gitea-databricks.yml');
  writeFileSync(
    config,
    `public_url: http://127.0.0.1:${port}/-/databricks/
listen: 127.0.0.1:${port}
database: backend.db
gitea: {url: "${story.running.url}", token_file: token, webhook_secret_file: hook, oauth: {client_id: abc, client_secret_file: client}}
workspaces:
  main: {host: "http://127.0.0.1:9", account_id: acc-1, auth: federation, reader: reader-id}
bindings:
  - {id: wine, repositories: [ml/wine-quality], workspace: main, experiment: "/Shared/wine", models: {wine: {name: ml.prod.wine, alias: champion}}, principals: {trainer: t, releaser: r, fork: f}}
`,
  );
  backend = await startBackend({ configFile: config, logFile: join(folder, 'log') });
  database = new DatabaseSync(join(folder, 'backend.db'), { readOnly: true });
}, 120_000);
afterAll(async () => {
  database?.close();
  await backend?.close();
  await story?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('every recording has its place in the table', () => {
  expect(Object.keys(leadsTo).sort()).toEqual([...names].sort());
});

describe('a recorded delivery that was tampered with is refused and leaves nothing:', () => {
  test.each(names)('%s', async (name) => {
    const { headers, body } = recorded(name);
    const flipped = Buffer.from(body);
    const at = flipped.indexOf('"repository"');
    flipped[at + 1] = flipped[at + 1]! ^ 1;
    const signature = headers['X-Gitea-Signature']!;
    const other = `${signature[0] === '0' ? '1' : '0'}${signature.slice(1)}`;
    for (const forged of [
      { headers, body: flipped },
      { headers, body: Buffer.concat([body, Buffer.from('\n')]) },
      { headers: { ...headers, 'X-Gitea-Signature': other }, body },
    ]) {
      const answer = await post(forged);
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ code: 'signature-invalid' });
    }
    expect(rows()).toEqual([]);
    expect(accepted()).toEqual([]);
  });
});

describe('a recorded delivery, byte for byte, leads to what it should:', () => {
  test.each(names)('%s', async (name) => {
    const before = rows().length;
    const { headers, body } = recorded(name);
    const answer = await post({ headers, body });
    expect(answer.status).toBe(202);
    const expected = leadsTo[name]!;
    if ('ignored' in expected) {
      expect(await answer.json()).toEqual({ kind: 'ignored', reason: expected.ignored });
      expect(rows()).toHaveLength(before);
      return;
    }
    expect(await answer.json()).toEqual({ kind: 'stored' });
    expect(rows()).toHaveLength(before + 1);
    await expect.poll(() => rowOf(name)?.state, { timeout: 10_000 }).toBe('processed');
    expect(rowOf(name)).toEqual({
      uuid: headers['X-Gitea-Delivery'],
      event: headers['X-Gitea-Event'],
      event_type: headers['X-Gitea-Event-Type'],
      repository_id: 1,
      body: body.toString('utf8'),
      state: 'processed',
      outcome: expect.stringMatching(expected.outcome),
    });
  });
});

test('the heads that are open got one run each, and the fork’s waits for a person', async () => {
  const head = async (index: number) =>
    (await story.running.api('ada', 'GET', `/repos/ml/wine-quality/pulls/${index}`)).body.head.sha as string;
  const runs = database.prepare('select commit_sha, trust, state from runs').all() as Record<
    string,
    string
  >[];
  const of = (sha: string) => runs.filter(({ commit_sha }) => commit_sha === sha);
  expect(of(await head(2))).toEqual([{ commit_sha: await head(2), trust: 'fork', state: 'waiting' }]);
  expect(of(await head(3))).toMatchObject([{ trust: 'base' }]);
  // What was merged, and the recorded commits that this forge does not have, trained nothing.
  const known = new Set([await head(2), await head(3), await branchHead()]);
  expect(runs.filter(({ commit_sha }) => !known.has(commit_sha!))).toEqual([]);
});

test('a redelivery is known by its id, and under a new id by what it says', async () => {
  const before = [rows(), accepted()];
  for (const [name, expected] of Object.entries(leadsTo)) {
    const { headers, body } = recorded(name);
    const again = { ...headers, 'X-Gitea-Delivery': randomUUID() };
    for (const sent of [headers, again]) {
      const answer = await post({ headers: sent, body });
      expect(answer.status).toBe(202);
      expect(await answer.json()).toMatchObject({ kind: 'outcome' in expected ? 'known' : 'ignored' });
    }
  }
  expect([rows(), accepted()]).toEqual(before);
  expect(accepted()).toHaveLength(Object.values(leadsTo).filter((one) => 'outcome' in one).length);
});
