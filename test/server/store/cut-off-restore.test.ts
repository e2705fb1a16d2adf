import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { backUp } from '../../../src/server/store/backup.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import { restore } from '../../../src/server/store/restore.ts';
import { openServingStore } from '../../../src/server/store/serving-store.ts';

/** Told after each call that changes what lies in a folder. */
let changed = () => {};
let hardLinks = true;

vi.mock('node:fs', async (original) => {
  const fs = await original<Record<string, (...parameters: unknown[]) => unknown>>();
  const watched = ['copyFileSync', 'linkSync', 'openSync', 'renameSync', 'rmSync'].map((name) => [
    name,
    (...parameters: unknown[]) => {
      if (name === 'linkSync' && !hardLinks) throw new Error('EPERM');
      const result = fs[name]?.(...parameters);
      changed();
      return result;
    },
  ]);
  return { ...fs, ...Object.fromEntries(watched) };
});

let folder: string;
let target: string;
let backup: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cut-off-'));
  target = join(folder, 'store.sqlite');
  backup = `${folder}.backup`;
  onTestFinished(() => {
    changed = () => {};
    hardLinks = true;
    rmSync(folder, { recursive: true });
    rmSync(backup, { force: true });
  });
});

/** Commits a name, so that the databases differ. @returns the database, open as a backend had it */
async function commit(name: string) {
  const db = await openDatabase(target);
  await db.insertInto('repository_names').values({ name, repository_id: 1 }).execute();
  return db;
}

/** What a backend finds that starts on this file: the names in it, or why it does not start. */
async function foundBy(path: string): Promise<string[] | string> {
  try {
    const store = await openServingStore(path, { failed: () => {} });
    const rows = await store.db.selectFrom('repository_names').select('name').execute();
    await store.close();
    return rows.map(({ name }) => name).sort();
  } catch (error) {
    return (error as Error).message;
  }
}

/** Restores, and keeps the folder as it was after each step. @returns what a start after each finds */
async function startsWhenCutOff(): Promise<(string[] | string)[]> {
  const steps = mkdtempSync(join(tmpdir(), 'steps-'));
  onTestFinished(() => rmSync(steps, { recursive: true }));
  let count = 0;
  changed = () => {
    cpSync(folder, join(steps, String(count)), {
      recursive: true,
      filter: (file) => !file.endsWith('.lock'),
    });
    count += 1;
  };
  await restore(target, backup, { now: new Date('2026-01-05T08:00:00.000Z'), brokenAudit: false });
  changed = () => {};
  const found = [];
  for (let step = 0; step < count; step += 1)
    found.push(await foundBy(join(steps, String(step), 'store.sqlite')));
  return found;
}

const refusal =
  /cannot be used: a restore into it was cut off, .*\.incoming is left of it\. Restore once more/;

test.each([
  ['has hard links', true],
  ['has none', false],
])(
  'where the disk %s, a restore that is cut off leaves the old, the new, or a start that is refused',
  async (_, has) => {
    hardLinks = has;
    await (await commit('ml/backed-up')).destroy();
    await backUp(target, backup);
    await (await commit('ml/newer')).destroy();
    const found = await startsWhenCutOff();
    const known = [['ml/backed-up'], ['ml/backed-up', 'ml/newer']];
    for (const state of found) {
      if (typeof state === 'string') expect(state).toMatch(refusal);
      else expect(known).toContainEqual(state);
    }
    expect(found[0]).toEqual(['ml/backed-up', 'ml/newer']);
    expect(found.at(-1)).toEqual(['ml/backed-up']);
    expect(found.filter((state) => typeof state === 'string').length).toBeGreaterThan(2);
  },
);

test('nor is it opened without the journal in which its last commits are', async () => {
  await (await commit('ml/backed-up')).destroy();
  await backUp(target, backup);
  // Somebody looks into it, so that its journal cannot be folded.
  const db = await commit('ml/newer');
  const looking = new DatabaseSync(target, { readOnly: true });
  looking.exec('begin; select * from repository_names');
  const found = await startsWhenCutOff();
  looking.close();
  await db.destroy();
  for (const state of found) {
    if (typeof state === 'string') expect(state).toMatch(refusal);
    else expect([['ml/backed-up'], ['ml/backed-up', 'ml/newer']]).toContainEqual(state);
  }
  expect(found.at(-1)).toEqual(['ml/backed-up']);
});

test('a restore into nothing that is cut off does not become an empty database', async () => {
  await (await commit('ml/backed-up')).destroy();
  await backUp(target, backup);
  rmSync(target);
  const found = await startsWhenCutOff();
  const begun = found.findIndex((state) => typeof state === 'string');
  expect(begun).toBeGreaterThanOrEqual(0);
  expect(found.slice(begun)).not.toContainEqual([]);
  expect(found.at(-1)).toEqual(['ml/backed-up']);
});

test('what a restore left is put right by the next one, and no command opens it before', async () => {
  await (await commit('ml/backed-up')).destroy();
  await backUp(target, backup);
  rmSync(target);
  writeFileSync(`${target}.incoming`, 'half of a');
  await expect(openDatabase(target)).rejects.toThrow(refusal);
  expect(existsSync(target)).toBe(false);
  expect(await startsWhenCutOff()).not.toContainEqual([]);
  expect(await foundBy(target)).toEqual(['ml/backed-up']);
  expect(readdirSync(folder).filter((name) => name.endsWith('.incoming'))).toEqual([]);
});

test('a backup that cannot be copied changes nothing, and the next start goes on', async () => {
  await (await commit('ml/backed-up')).destroy();
  await backUp(target, backup);
  changed = () => {
    if (existsSync(`${target}.incoming`)) throw new Error('no space left');
  };
  await expect(restore(target, backup, { now: new Date(), brokenAudit: false })).rejects.toThrow('no space');
  changed = () => {};
  expect(await foundBy(target)).toEqual(['ml/backed-up']);
});
