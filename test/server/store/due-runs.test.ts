import { describe, expect, test } from 'vitest';
import type { NewRun } from '../../../src/server/training/ports.ts';
import { openStore } from './open-store.ts';
import type { DatabaseKind } from './test-database.ts';
import { databases } from './test-database.ts';

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

/** A repository of each binding; what is left out of a run is of no matter for when it is due. */
async function storeWithRepositories(database: DatabaseKind, ...bindings: string[]) {
  const { repositories, runs } = (await openStore(database)).stores;
  for (const [index, bindingId] of bindings.entries()) {
    const fullName = `ml/${bindingId}`;
    await repositories.save({
      id: index + 1,
      fullName,
      url: `http://git/${fullName}`,
      defaultBranch: 'main',
      bindingId,
    });
  }
  const add = async (repositoryId: number, token: string, nextCheckAt: string | null) =>
    await runs.create({
      repositoryId,
      token,
      nextCheckAt,
      commit: 'a'.repeat(40),
      treeDigest: '',
      title: '',
      branch: null,
      trigger: 'push',
      trust: 'base',
      attempt: 1,
      state: 'queued',
      stateReason: null,
      actor: null,
      configuration: {},
      configurationCommit: '',
      configurationDigest: '',
      parameters: {},
      parameterDigest: '',
      principal: null,
      nonce: '',
      modelKey: null,
      createdAt: at(0),
    } as unknown as NewRun);
  return { runs, add };
}

describe.each(databases)('on %s', (database) => {
  test('a watcher is given the runs of its own bindings, the longest due first, and told when the next is due', async () => {
    const { runs, add } = await storeWithRepositories(database, 'wine', 'beer', 'other');
    await add(1, 'wine-late', at(20));
    await add(1, 'wine-early', at(10));
    await add(2, 'beer', at(15));
    await add(3, 'other', at(5));
    await add(1, 'ended', null);
    const due = async (now: string, limit: number, ...bindings: string[]) =>
      (await runs.due(now, limit, bindings)).map(({ token }) => token);
    expect(await due(at(30), 10, 'wine', 'beer')).toEqual(['wine-early', 'beer', 'wine-late']);
    expect(await due(at(30), 1, 'wine', 'beer')).toEqual(['wine-early']);
    expect(await due(at(12), 10, 'wine')).toEqual(['wine-early']);
    expect(await due(at(30), 10, 'gone')).toEqual([]);
    expect(await runs.nextDue('', ['wine', 'beer'])).toBe(at(10));
    expect(await runs.nextDue(at(15), ['wine', 'beer'])).toBe(at(20));
    expect(await runs.nextDue(at(20), ['wine', 'beer'])).toBeNull();
    expect(await runs.nextDue('', ['gone'])).toBeNull();
  });

  test('a run that is to be looked at later than after any pause is due: the clock was set back', async () => {
    const { runs, add } = await storeWithRepositories(database, 'wine');
    await add(1, 'planned-before', at(600));
    await add(1, 'planned-since', at(20));
    const due = async (second: number) =>
      (await runs.due(at(second), 10, ['wine'])).map(({ token }) => token);
    expect(await due(10)).toEqual(['planned-before']);
    expect(await due(20)).toEqual(['planned-since', 'planned-before']);
    expect(await due(299)).toEqual(['planned-since']);
    expect(await due(600)).toEqual(['planned-since', 'planned-before']);
  });
});
