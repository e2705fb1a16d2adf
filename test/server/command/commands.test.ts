import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { commit, configuration, deliver, finish, startWholeBackend } from '../all-rooms.ts';
import { makeRepository, signedInBrowser } from '../backend-with-forge.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 180_000 });

let backend: Awaited<ReturnType<typeof startWholeBackend>>;
let repository: number;
let pull: number;
let head: string;

const path = '/repos/ml/wine-quality';

beforeAll(async () => {
  backend = await startWholeBackend();
  repository = await makeRepository(backend);
  await commit(backend, 'main', '.gitea/databricks.yml', configuration);
  head = await commit(backend, 'change', 'train.py', 'print()');
  const opened = await backend.forge.api('wendy', 'POST', `${path}/pulls`, {
    head: 'change',
    base: 'main',
    title: 'Change',
  });
  pull = opened.body.number;
  await backend.repositories.discover();
  backend.rooms.duties.outbox.start();
  backend.rooms.duties.deliveries.start();
}, 120_000);

afterAll(async () => {
  await backend?.rooms.duties.deliveries.stop();
  await backend?.rooms.duties.outbox.stop();
  await backend?.close();
});

beforeEach(async () => {
  for (const run of await backend.transactor.stores.runs.ofPull(repository, pull, 50)) {
    if (run.state !== 'succeeded') await finish(backend, run, { rmse: 0.7 });
  }
});

/** Writes a comment in the forge. */
async function write(user: string, body: string, index = pull): Promise<{ id: number }> {
  const answer = await backend.forge.api(user, 'POST', `${path}/issues/${index}/comments`, { body });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body;
}

/** The delivery that Gitea sends for a comment, from what the forge has. */
async function deliveryOf(id: number, index: number, action = 'created') {
  const comment = (await backend.forge.api('ada', 'GET', `${path}/issues/comments/${id}`)).body;
  const pullRequest = (await backend.forge.api('ada', 'GET', `${path}/pulls/${index}`)).body;
  const issue = (await backend.forge.api('ada', 'GET', `${path}/issues/${index}`)).body;
  const repo = (await backend.forge.api('ada', 'GET', path)).body;
  return {
    action,
    issue,
    pull_request: pullRequest,
    comment,
    repository: repo,
    sender: comment.user,
    is_pull: true,
  };
}

const send = async (payload: unknown) =>
  await deliver(backend, 'issue_comment', 'pull_request_comment', payload);

/** Writes a comment, delivers it, and waits until it was worked on. @returns the comment's id */
async function say(user: string, body: string, index = pull): Promise<number> {
  const { id } = await write(user, body, index);
  const answer = await send(await deliveryOf(id, index));
  expect(answer.statusCode).toBe(202);
  await settled();
  return id;
}

/** Everything that was delivered is worked on, and everything that must go out is out. */
async function settled(): Promise<void> {
  await vi.waitFor(
    async () => {
      const { deliveries, outbox } = backend.transactor.stores;
      expect(await deliveries.waiting('9999')).toEqual([]);
      expect(await outbox.counts()).toMatchObject({ pending: 0 });
    },
    { timeout: 30_000, interval: 25 },
  );
}

async function reactions(id: number): Promise<string[]> {
  const { body } = await backend.forge.api('ada', 'GET', `${path}/issues/comments/${id}/reactions`);
  return body.map(
    ({ content, user }: { content: string; user: { login: string } }) => `${user.login} ${content}`,
  );
}

async function ofBot(index = pull): Promise<string[]> {
  const { body } = await backend.forge.api('ada', 'GET', `${path}/issues/${index}/comments`);
  return body
    .filter((comment: { user: { login: string } }) => comment.user.login === 'bot')
    .map((comment: { body: string }) => comment.body);
}

const runs = async (index = pull) => await backend.transactor.stores.runs.ofPull(repository, index, 50);
const states = async () => (await runs()).map((run) => run.state);

async function lastRefusal() {
  const { items } = await backend.transactor.stores.audit.list({ repository, before: null, limit: 50 });
  return items.find(({ action }) => action === 'permission.refused');
}

describe('whose permission counts', () => {
  test('of somebody whom the bot may not ask about and who is not signed in nothing is allowed, and it is said why', async () => {
    const before = (await runs()).length;
    const id = await say('wendy', '/databricks train depth=2');
    expect(await reactions(id)).toEqual(['bot -1']);
    expect((await runs()).length).toBe(before);
    const [comment = '', ...others] = await ofBot();
    expect(others).toEqual([]);
    expect(comment).toContain('Gitea does not tell the bot what you may do here');
    expect(await lastRefusal()).toMatchObject({
      actor: { name: 'wendy' },
      subject: '/databricks train',
      pull,
      detail: { comment: id, code: 'permission-unknown' },
    });
  });

  test('with the author’s own sign-in it is read live', async () => {
    await signedInBrowser(backend, 'wendy');
    const id = await say('wendy', '/databricks train depth=3');
    expect(await reactions(id)).toEqual(['bot rocket']);
    const [run] = await runs();
    expect(run).toMatchObject({
      state: 'queued',
      parameters: { depth: 3 },
      trigger: 'manual',
      actor: { name: 'wendy' },
      commit: head,
    });

    await backend.forge.api('ada', 'PUT', `${path}/collaborators/wendy`, { permission: 'read' });
    backend.pass(10_000);
    const refused = await say('wendy', '/databricks cancel');
    expect(await reactions(refused)).toEqual(['bot -1']);
    expect((await states())[0]).toBe('queued');
    expect((await ofBot())[0]).toContain('Training needs write access to ml/wine-quality');
    await backend.forge.api('ada', 'PUT', `${path}/collaborators/wendy`, { permission: 'write' });
    backend.pass(10_000);
  });

  test('a bot that administers the repository asks for those who are not signed in', async () => {
    await backend.forge.api('ada', 'PUT', `${path}/collaborators/bot`, { permission: 'admin' });
    const reader = await say('rita', '/databricks train');
    expect(await reactions(reader)).toEqual(['bot -1']);
    expect(await lastRefusal()).toMatchObject({ actor: { name: 'rita' }, detail: { code: 'write-missing' } });
    const admin = await say('ada', '/databricks train depth=4');
    expect(await reactions(admin)).toEqual(['bot rocket']);
    expect((await runs())[0]).toMatchObject({ parameters: { depth: 4 }, actor: { name: 'ada' } });
    await backend.forge.api('ada', 'PUT', `${path}/collaborators/bot`, { permission: 'write' });
  });

  test('who may write issues through a team, and not code, is no writer, whatever Gitea tells the bot', async () => {
    const before = (await runs()).length;
    await backend.forge.api('ada', 'PUT', `${path}/collaborators/bot`, { permission: 'admin' });
    await backend.forge.api('ada', 'PATCH', path, { private: false });
    const { body: team } = await backend.forge.api('ada', 'POST', '/orgs/ml/teams', {
      name: 'triage',
      units_map: { 'repo.issues': 'write', 'repo.pulls': 'write' },
    });
    await backend.forge.api('ada', 'PUT', `/teams/${team.id}/members/oscar`);
    await backend.forge.api('ada', 'PUT', `/teams/${team.id}/repos${path.slice('/repos'.length)}`);
    const told = await backend.forge.api('ada', 'GET', `${path}/collaborators/oscar/permission`);
    expect(told.body.permission).toBe('write');

    expect(await reactions(await say('oscar', '/databricks train depth=9'))).toEqual(['bot -1']);
    expect((await runs()).length).toBe(before);
    expect(await lastRefusal()).toMatchObject({
      actor: { name: 'oscar' },
      detail: { code: 'permission-unknown' },
    });
    const admin = await say('ada', '/databricks train depth=10');
    expect(await reactions(admin)).toEqual(['bot rocket']);

    await backend.forge.api('ada', 'DELETE', `/teams/${team.id}`);
    await backend.forge.api('ada', 'PATCH', path, { private: true });
    await backend.forge.api('ada', 'PUT', `${path}/collaborators/bot`, { permission: 'write' });
  });
});

describe('commands', () => {
  test('train, cancel and retry do what the buttons do, in the name of the author', async () => {
    await say('wendy', '/databricks train depth=5 \nthanks');
    expect((await runs())[0]).toMatchObject({ state: 'queued', parameters: { depth: 5 } });
    const cancelled = await say('wendy', '/databricks cancel');
    expect(await reactions(cancelled)).toEqual(['bot rocket']);
    expect((await runs())[0]).toMatchObject({ state: 'cancelled', stateReason: 'Cancelled by wendy.' });
    await say('wendy', '/databricks retry');
    expect((await runs())[0]).toMatchObject({ state: 'queued', trigger: 'retry', parameters: { depth: 5 } });
    const { items } = await backend.transactor.stores.audit.list({ repository, before: null, limit: 20 });
    expect(items.find(({ action }) => action === 'run.retry-requested')).toMatchObject({
      actor: { kind: 'person', name: 'wendy' },
      requestId: expect.stringMatching(/^comment:\d+$/),
    });
  });

  test('what is wrong with a parameter is said in the one comment, which the next command clears', async () => {
    const id = await say('wendy', '/databricks train depth=99 dept=1 @rita');
    expect(await reactions(id)).toEqual(['bot confused']);
    const [said = ''] = await ofBot();
    expect(said).toContain('is neither name=value nor a commit');
    expect(said).not.toMatch(/@rita/);
    await say('wendy', '/databricks train depth=99 dept=1');
    const [comment = '', ...others] = await ofBot();
    expect(others).toEqual([]);
    expect(comment).toContain('dept is not a parameter of this repository. Did you mean depth?');
    expect(comment).toContain('depth must be at most 20; it is 99.');
    await say('wendy', '/databricks train depth=6');
    expect((await ofBot())[0]).not.toContain('must be at most');
  });

  test('help tells readers the commands and the parameters, in the one comment', async () => {
    const id = await say('wendy', '/databricks help');
    expect(await reactions(id)).toEqual(['bot +1']);
    const [comment = '', ...others] = await ofBot();
    expect(others).toEqual([]);
    expect(comment).toContain('/databricks train');
    expect(comment).toContain('depth (integer from 1 to 20, 6 by default)');
  });

  test('a named commit must be the head', async () => {
    const wrong = await say('wendy', `/databricks train ${'0'.repeat(10)} depth=7`);
    expect(await reactions(wrong)).toEqual(['bot confused']);
    await say('wendy', `/databricks train ${head.slice(0, 8)} depth=7`);
    expect((await runs())[0]).toMatchObject({ commit: head, parameters: { depth: 7 } });
  });

  test('nothing to cancel, and nothing to do twice, is said', async () => {
    const id = await say('wendy', '/databricks cancel');
    expect(await reactions(id)).toEqual(['bot confused']);
    expect((await ofBot())[0]).toContain('Nothing is under way here');
    await say('wendy', '/databricks train depth=8');
    const again = await say('wendy', '/databricks train depth=8');
    expect(await reactions(again)).toEqual(['bot confused']);
    expect((await ofBot())[0]).toContain('trains this commit with these parameters already');
  });
});

describe('what triggers nothing', () => {
  const quiet = async (act: () => Promise<void>) => {
    const before = (await runs()).map((run) => `${run.id} ${run.version}`);
    await act();
    await settled();
    expect((await runs()).map((run) => `${run.id} ${run.version}`)).toEqual(before);
  };

  test('an edited comment, whether the delivery says so or not', async () => {
    await quiet(async () => {
      const { id } = await write('wendy', 'hello');
      await backend.forge.api('wendy', 'PATCH', `${path}/issues/comments/${id}`, {
        body: '/databricks train depth=9',
      });
      const edited = await send(await deliveryOf(id, pull, 'edited'));
      expect(edited.json()).toEqual({ kind: 'ignored', reason: 'comment edited' });
      expect(await reactions(id)).toEqual([]);

      // A writer puts words into the mouth of an administrator before the delivery is worked on.
      const { id: own } = await write('ada', '/databricks train depth=9');
      const delivery = await deliveryOf(own, pull);
      await backend.forge.api('wendy', 'PATCH', `${path}/issues/comments/${own}`, {
        body: '/databricks train depth=10',
      });
      await send(delivery);
      await settled();
      expect(await reactions(own)).toEqual([]);
    });
  });

  test('a comment of the bot itself', async () => {
    await quiet(async () => {
      const { id } = await write('bot', '/databricks train depth=9');
      expect((await send(await deliveryOf(id, pull))).json()).toEqual({ kind: 'stored' });
      await settled();
      expect(await reactions(id)).toEqual([]);
    });
  });

  test('a delivery that says something else than Gitea: another author, pull request or repository', async () => {
    const lies: ((payload: Awaited<ReturnType<typeof deliveryOf>>) => void)[] = [
      (payload) => {
        payload.comment.user.id = 1;
      },
      (payload) => {
        payload.issue.number = pull + 1;
      },
      (payload) => {
        payload.comment.body = '/databricks train depth=10';
      },
      (payload) => {
        payload.comment.id += 1000;
      },
    ];
    await quiet(async () => {
      for (const lie of lies) {
        const { id } = await write('rita', '/databricks train depth=9');
        const payload = await deliveryOf(id, pull);
        lie(payload);
        expect((await send(payload)).statusCode).toBe(202);
        await settled();
        expect(await reactions(id)).toEqual([]);
      }
      const other = await makeRepository(backend, 'wine-other');
      await backend.repositories.discover();
      const { id } = await write('wendy', '/databricks train depth=9');
      const payload = await deliveryOf(id, pull);
      payload.repository.id = other;
      await send(payload);
    });
  });

  test('a comment that is no command, or deleted', async () => {
    await quiet(async () => {
      const { id } = await write('wendy', 'I wrote /databricks train');
      expect((await send(await deliveryOf(id, pull))).json()).toMatchObject({ kind: 'ignored' });
      const { id: gone } = await write('wendy', '/databricks train depth=9');
      const payload = await deliveryOf(gone, pull);
      await backend.forge.api('wendy', 'DELETE', `${path}/issues/comments/${gone}`);
      await send(payload);
    });
  });
});

test('a redelivery triggers once', async () => {
  const { id } = await write('wendy', '/databricks train depth=11');
  const payload = await deliveryOf(id, pull);
  const before = (await runs()).length;
  expect((await send(payload)).json()).toEqual({ kind: 'stored' });
  expect((await send(payload)).json()).toEqual({ kind: 'known' });
  await settled();
  expect((await runs()).length).toBe(before + 1);
  // Also where the record of the delivery is lost.
  await backend.rooms.commands.handle(
    {
      kind: 'command',
      repositoryId: repository,
      index: pull,
      comment: id,
      author: payload.comment.user.id,
      body: payload.comment.body,
      head,
    },
    new Date().toISOString(),
  );
  expect((await runs()).length).toBe(before + 1);
  expect(await reactions(id)).toEqual(['bot rocket']);
});

describe('a fork’s pull request', () => {
  let index: number;
  let first: string;

  const push = (text: string) =>
    commit(backend, 'theirs', 'train.py', text, { repository: 'rita/wine-quality', user: 'rita' });

  /** What the webhook of a push does, some time ago. */
  async function arrived(sha: string, msAgo: number): Promise<void> {
    await backend.rooms.training.handle({ kind: 'pull-changed', repositoryId: repository, index });
    const [run] = await backend.transactor.stores.runs.ofCommit(repository, sha);
    const { runs: store } = backend.transactor.stores;
    await store.update(run!.id, run!.version, {
      createdAt: new Date(backend.now().getTime() - msAgo).toISOString(),
    });
  }

  beforeAll(async () => {
    await backend.forge.api('rita', 'POST', `${path}/forks`, {});
    first = await push('print(1)');
    const opened = await backend.forge.api('rita', 'POST', `${path}/pulls`, {
      head: 'rita:theirs',
      base: 'main',
      title: 'From outside',
    });
    index = opened.body.number;
    await arrived(first, 10 * 60_000);
  });

  test('waits, and says for what', async () => {
    await settled();
    expect((await runs(index)).map(({ state, trust }) => `${trust} ${state}`)).toEqual(['fork waiting']);
    const [comment = ''] = await ofBot(index);
    expect(comment).toContain('Training waits for approval');
    expect(comment).toContain(`/databricks train ${first.slice(0, 10)}`);
  });

  test('is not approved by its author', async () => {
    await signedInBrowser(backend, 'rita');
    const id = await say('rita', `/databricks train ${first.slice(0, 10)}`, index);
    expect(await reactions(id)).toEqual(['bot -1']);
    expect((await runs(index))[0]?.state).toBe('waiting');
  });

  test('is approved by a writer for the head that the comment was written under', async () => {
    const second = await push('print(2)');
    await arrived(second, 10 * 60_000);
    const { id } = await write('wendy', '/databricks train', index);
    const payload = await deliveryOf(id, index);
    payload.pull_request.head.sha = first;
    await send(payload);
    await settled();
    expect(await reactions(id)).toEqual(['bot confused']);
    expect((await ofBot(index))[0]).toContain(`The head is ${second.slice(0, 10)} now`);
    expect((await runs(index))[0]).toMatchObject({ commit: second, state: 'waiting' });

    const unknown = await write('wendy', '/databricks train', index);
    await send({ ...(await deliveryOf(unknown.id, index)), pull_request: undefined });
    await settled();
    expect(await reactions(unknown.id)).toEqual(['bot confused']);
    expect((await runs(index))[0]).toMatchObject({ commit: second, state: 'waiting' });

    const approved = await say('wendy', '/databricks train', index);
    expect(await reactions(approved)).toEqual(['bot rocket']);
    expect((await runs(index))[0]).toMatchObject({ commit: second, state: 'queued', trust: 'fork' });
    const { items } = await backend.transactor.stores.audit.list({ repository, before: null, limit: 20 });
    expect(items.find(({ action }) => action === 'run.fork-approved')).toMatchObject({
      commit: second,
      approval: `wendy approved ${second}`,
    });
  });

  test('a push after the approval waits again, and one that nobody had time to look at must be named', async () => {
    const third = await push('print(3)');
    await arrived(third, 60_000);
    expect((await runs(index)).map(({ state }) => state).slice(0, 2)).toEqual(['waiting', 'superseded']);
    const early = await say('wendy', '/databricks train', index);
    expect(await reactions(early)).toEqual(['bot confused']);
    expect((await ofBot(index))[0]).toContain('came in just before this comment');
    expect((await runs(index))[0]?.state).toBe('waiting');
    const named = await say('wendy', `/databricks train ${third.slice(0, 10)}`, index);
    expect(await reactions(named)).toEqual(['bot rocket']);
    expect((await runs(index))[0]).toMatchObject({ commit: third, state: 'queued' });
  });

  test('a commit that was never approved is not approved by a retry of another one', async () => {
    await finish(backend, (await runs(index))[0]!, { rmse: 0.7 });
    const fourth = await push('print(4)');
    await arrived(fourth, 60_000);
    await say('wendy', '/databricks cancel', index);
    const stateNow = async () => (await runs(index)).find(({ commit }) => commit === fourth)?.state;
    expect(await stateNow()).toBe('cancelled');
    const id = await say('wendy', '/databricks retry', index);
    expect(await reactions(id)).toEqual(['bot confused']);
    expect((await ofBot(index))[0]).toContain('came in just before this comment');
    expect(await stateNow()).toBe('cancelled');
  });
});
