import { expect, onTestFinished, test, vi } from 'vitest';
import { requesterOf } from '../../../src/server/http/routes/requester.ts';
import type { Act } from '../../../src/server/identity/role.ts';
import { registryBench, repository, wendy } from './registry-bench.ts';

/** As the routes of releases make it from a request that has a session. */
const inPerson = requesterOf({
  access: { user: wendy },
  id: 'request-1',
} as unknown as Parameters<typeof requesterOf>[0]);

/** A bench whose binding lets wendy release as herself, and which notes for whom each change was made. */
async function benchWithPeople() {
  repository.binding.asUser = { [String(wendy.id)]: 'wendy@example.com' };
  onTestFinished(() => {
    delete repository.binding.asUser;
  });
  const bench = await registryBench();
  await bench.withProduction();
  const acts: Act[] = [];
  const { setAlias, route } = bench.target;
  bench.target.setAlias = async (...given: unknown[]) => {
    acts.push(given[4] as Act);
    return setAlias.apply(bench.target, given as Parameters<typeof setAlias>);
  };
  bench.target.route = async (...given: unknown[]) => {
    acts.push(given[4] as Act);
    return route.apply(bench.target, given as Parameters<typeof route>);
  };
  /** The identities in the audit entries of a release. */
  const identities = () =>
    new Set(
      bench.audit
        .filter(({ action }) => /^release\.(started|step|ended)$/.test(action))
        .map((one) => one.principal),
    );
  return { bench, acts, identities };
}

const promotion = {
  kind: 'promotion' as const,
  toVersion: 2,
  digest: null,
  reason: null,
  approvals: ['ada'],
};

test('what a listed person releases in a session of their own is theirs, and every audit entry says so', async () => {
  const { bench, acts, identities } = await benchWithPeople();
  const started = await bench.releases.start(repository, 'wine', promotion, inPerson);
  await bench.settled(started.id);
  expect(acts).toHaveLength(2);
  for (const act of acts) expect(act.person).toBe(wendy.id);
  expect(identities()).toEqual(new Set(['wendy@example.com']));
});

test('a merge by the same person is the releaser’s: a webhook proves nobody’s presence', async () => {
  const { bench, acts, identities } = await benchWithPeople();
  await bench.merges.promote({ repository: 42, pull: 2 });
  const [release] = await bench.transactor.stores.releases.list(42);
  await bench.settled(release!.id);
  expect(release).toMatchObject({ actor: wendy });
  expect(acts).toHaveLength(2);
  for (const act of acts) expect(act).not.toHaveProperty('person');
  expect(identities()).toEqual(new Set(['r']));
});

/** Starts a release in person, and stops the backend in the middle of it. */
async function cutOff() {
  const given = await benchWithPeople();
  const { bench } = given;
  const { route } = bench.target;
  let stopped: Promise<void> | undefined;
  bench.target.route = async (...call) => {
    await route.apply(bench.target, call);
    bench.target.update = 'in-progress';
    stopped = bench.runner.stop();
  };
  const started = await bench.releases.start(repository, 'wine', promotion, inPerson);
  await vi.waitUntil(() => stopped !== undefined);
  await stopped;
  bench.audit.length = 0;
  bench.target.update = 'idle';
  bench.target.route = route;
  bench.target.alias = { champion: 1 };
  return { ...given, started, before: given.acts.length };
}

test('what goes on after a restart is still theirs, and the audit log still says who asked', async () => {
  const { bench, acts, started, before } = await cutOff();
  bench.runner.start();
  expect((await bench.settled(started.id))?.state).not.toBe('running');
  for (const act of acts.slice(before)) expect(act.person).toBe(wendy.id);
  const [end] = bench.audit.filter(({ action }) => action === 'release.ended');
  expect(end).toMatchObject({
    principal: 'wendy@example.com',
    actor: { kind: 'person', name: 'wendy' },
    requestId: 'request-1',
  });
});

test('what goes on much later is the releaser’s: their presence was then, not now', async () => {
  const { bench, acts, started, before } = await cutOff();
  bench.pass(11 * 60_000);
  bench.runner.start();
  expect((await bench.settled(started.id))?.state).not.toBe('running');
  for (const act of acts.slice(before)) expect(act).not.toHaveProperty('person');
  const [end] = bench.audit.filter(({ action }) => action === 'release.ended');
  expect(end).toMatchObject({ principal: 'r', actor: { kind: 'person', name: 'wendy' } });
});
