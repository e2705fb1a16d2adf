import { describe, expect, test } from 'vitest';
import type { FileEntry } from '../../../src/server/gitea/forge.ts';
import type { BoundRepository } from '../../../src/server/permission/bound-repository.ts';
import type { Run } from '../../../src/server/training/ports.ts';
import { checkSnapshot, snapshotLimits, uploadSnapshot } from '../../../src/server/training/snapshot.ts';
import type { TrainingWorkspace } from '../../../src/server/training/workspace-port.ts';

const run = {
  commit: 'c'.repeat(40),
  configuration: { train: { kind: 'entry', entry: 'train.py', dependencies: 'requirements.txt' } },
} as Run;
const file = (path: string, size = 10, mode = '100644'): FileEntry => ({
  path,
  mode,
  sha: `blob of ${path}`,
  size,
});
const plain = [file('train.py'), file('requirements.txt')];

describe('what cannot be uploaded', () => {
  test.each([
    ['a step up', [...plain, file('../../8/x/train.py')], 'Rename it'],
    ['a step up inside', [...plain, file('a/../../b')], 'Rename it'],
    ['an empty step', [...plain, file('a//b')], 'Rename it'],
    ['a backslash', [...plain, file('a\\..\\b')], 'Rename it'],
    ['a line break', [...plain, file('a\nb')], 'Rename it'],
    ['a large file', [...plain, file('data.bin', snapshotLimits.fileBytes + 1)], 'Unity Catalog volume'],
    [
      'too much',
      [...plain, ...Array.from({ length: 5 }, (_, i) => file(`${i}.bin`, 45 * 1024 * 1024))],
      'MiB',
    ],
    ['no entry', [file('requirements.txt')], 'no file train.py'],
    ['no dependencies', [file('train.py')], 'no file requirements.txt'],
  ])('%s', (_name, files, words) => {
    expect(() => checkSnapshot(files, run)).toThrow(words);
  });

  test('names that only look odd pass', () => {
    expect(() => checkSnapshot([...plain, file('..a/b..'), file('a b/ü.py')], run)).not.toThrow();
  });
});

/** A workspace of which only the files are there; `crashAfter` writes it stops. */
function memory(crashAfter = Number.POSITIVE_INFINITY) {
  const written = new Map<string, string>();
  let left = crashAfter;
  const workspace = {
    writtenAt: async (_as: unknown, path: string) => (written.has(path) ? 0 : null),
    makeFolders: async () => {},
    writeFile: async (_as: unknown, path: string, content: Uint8Array) => {
      if (left === 0) throw new Error('crash');
      left -= 1;
      written.set(path, Buffer.from(content).toString('utf8'));
    },
  } as unknown as TrainingWorkspace;
  return {
    written,
    workspace,
    heal: () => {
      left = Number.POSITIVE_INFINITY;
    },
  };
}

const as = {
  repository: { id: 7, binding: { id: 'wine' } } as BoundRepository,
  role: 'trainer',
  act: undefined,
} as const;
const forgeWith = (files: FileEntry[], blobs: Record<string, string> = {}) =>
  ({
    files: async () => files,
    blob: async (_repository: unknown, sha: string) => Buffer.from(blobs[sha] ?? sha),
  }) as never;

describe('a snapshot', () => {
  test('is complete only once every file is there, whatever the files are called', async () => {
    const files = [file('_COMPLETE'), ...plain, file('data/a.csv')];
    const store = memory(3);
    await expect(
      uploadSnapshot({ forge: forgeWith(files), workspace: store.workspace }, as, run),
    ).rejects.toThrow('crash');
    store.heal();
    const first = await uploadSnapshot({ forge: forgeWith(files), workspace: store.workspace }, as, run);
    const { folder } = first;
    expect(folder).toBe(`/Workspace/gitea-databricks/wine/7/${run.commit}`);
    for (const { path } of files) expect(store.written.get(`${folder}/${path}`)).toBe(`blob of ${path}`);
    const before = store.written.size;
    const again = await uploadSnapshot({ forge: forgeWith([]), workspace: store.workspace }, as, run);
    expect(store.written.size).toBe(before);
    expect([first.wasThere, again.wasThere]).toEqual([false, true]);
  });

  test('has copies in place of symbolic links, and none that lead out', async () => {
    const link = file('data/link.csv', 10, '120000');
    const files = [...plain, file('data/a.csv'), link];
    const upload = (target: string) => {
      const store = memory();
      const forge = forgeWith(files, { [link.sha]: target });
      return uploadSnapshot({ forge, workspace: store.workspace }, as, run).then(() => store.written);
    };
    const written = await upload('../data/a.csv');
    expect([...written].find(([path]) => path.endsWith('link.csv'))?.[1]).toBe('blob of data/a.csv');
    await expect(upload('/etc/passwd')).rejects.toThrow('symbolic link');
    await expect(upload('../../../8/secret')).rejects.toThrow('symbolic link');
  });

  test('leaves submodules out and refuses a notebook as the entry', async () => {
    const store = memory();
    const files = [...plain, file('vendored', 0, '160000')];
    await uploadSnapshot({ forge: forgeWith(files), workspace: store.workspace }, as, run);
    expect([...store.written.keys()].some((path) => path.endsWith('vendored'))).toBe(false);
    const notebook = forgeWith(plain, { 'blob of train.py': '# Databricks notebook source\nprint()' });
    await expect(uploadSnapshot({ forge: notebook, workspace: memory().workspace }, as, run)).rejects.toThrow(
      'Databricks notebook',
    );
  });
});
