import { reached } from '../duty/moments.ts';
import { GiteaError } from '../gitea/error.ts';
import type { FileEntry, Forge } from '../gitea/forge.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import { launcherFolder, launcherPath, launcherSource, workspaceFolder } from './launcher.ts';
import type { Run } from './ports.ts';
import { RunFailure } from './run-failure.ts';
import type { CallAs, TrainingWorkspace } from './workspace-port.ts';

export const snapshotLimits = { files: 2_000, fileBytes: 50 * 1024 * 1024, totalBytes: 200 * 1024 * 1024 };

const mebibytes = (bytes: number) => `${Math.ceil(bytes / 1024 / 1024)} MiB`;

/** The workspace folder of a commit's files. */
export const snapshotFolder = ({ id, binding }: BoundRepository, commit: string) =>
  `${workspaceFolder(binding.id)}/${id}/${commit}`;

/** A pushed tree can hold any name: none may lead out of the snapshot's folder (hazard 25). */
function isPlain(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\\\u0000-\u001f\u007f]/.test(path)) return false;
  return path.split('/').every((step) => step !== '' && step !== '.' && step !== '..');
}

/** Refuses what cannot be uploaded, before anything is read. @throws RunFailure with what to do */
export function checkSnapshot(files: readonly FileEntry[], run: Pick<Run, 'configuration'>): void {
  const outside = files.find(({ path }) => !isPlain(path));
  if (outside) {
    throw new RunFailure(
      `The commit has a file called ${JSON.stringify(outside.path)}, which cannot be put into the workspace. Rename it.`,
    );
  }
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const largest = files.find((file) => file.size > snapshotLimits.fileBytes);
  if (largest) {
    throw new RunFailure(
      `${largest.path} has ${mebibytes(largest.size)}; a file of a snapshot may have ${mebibytes(snapshotLimits.fileBytes)}. Keep it outside of the repository, for example in a Unity Catalog volume.`,
    );
  }
  if (total > snapshotLimits.totalBytes) {
    throw new RunFailure(
      `The commit has ${mebibytes(total)}; a snapshot may have ${mebibytes(snapshotLimits.totalBytes)}. Keep data outside of the repository.`,
    );
  }
  const { train } = run.configuration;
  if (train.kind !== 'entry') return;
  for (const [key, path] of [
    ['entry', train.entry],
    ['dependencies', train.dependencies],
  ] as const) {
    if (path !== null && !files.some((file) => file.path === path)) {
      throw new RunFailure(
        `The commit has no file ${path}, which train.${key} of .gitea/databricks.yml names.`,
      );
    }
  }
}

/** A symbolic link becomes a copy of its target; links out of the repository and to folders are refused. */
function linkTarget(link: FileEntry, target: string, files: readonly FileEntry[]): FileEntry {
  const steps = link.path.split('/').slice(0, -1);
  for (const step of target.split('/')) {
    if (step === '..') steps.pop();
    else if (step !== '.' && step !== '') steps.push(step);
  }
  const found = target.startsWith('/') ? undefined : files.find((file) => file.path === steps.join('/'));
  if (!found || found.mode === '120000') {
    throw new RunFailure(
      `${link.path} is a symbolic link to ${target}, which is no file of the commit. Replace it by a file.`,
    );
  }
  return found;
}

/** Beside the folder: whatever the commit's own files are called, none of them can be it. */
export const markerOf = (folder: string): string => `${folder}.complete`;

async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const lane = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/**
 * Uploads the commit's files once, as the releaser (see launcher.ts): the folder is named by the commit, and a marker beside it is written last,
 * so a folder with it is reused and one without it is finished. Submodules are left out.
 *
 * @param signal ends it between two files
 * @returns the folder, and whether it was whole before
 */
export async function uploadSnapshot(
  { forge, workspace }: { forge: Forge; workspace: TrainingWorkspace },
  as: CallAs,
  run: Run,
  signal?: AbortSignal,
): Promise<{ folder: string; wasThere: boolean }> {
  const { repository } = as;
  const folder = snapshotFolder(repository, run.commit);
  const marker = markerOf(folder);
  const { act: _, ...reading } = as;
  const launcher = launcherPath(repository.binding.id);
  if ((await workspace.writtenAt(reading, launcher)) === null) {
    await workspace.makeFolders(as, [launcherFolder(repository.binding.id)]);
    await workspace.writeFile(as, launcher, launcherSource);
  }
  if ((await workspace.writtenAt(reading, marker)) !== null) return { folder, wasThere: true };
  const all = await forge.files(repository, run.commit, snapshotLimits.files).catch((error: unknown) => {
    if (!(error instanceof GiteaError && error.status === 422)) throw error;
    throw new RunFailure(
      `The commit has more than ${snapshotLimits.files} files, which a snapshot may have. Keep data outside of the repository.`,
      { cause: error },
    );
  });
  const files = all.filter((file) => file.mode !== '160000');
  checkSnapshot(files, run);

  const folders = new Set([folder]);
  for (const { path } of files) {
    const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
    if (parent !== '') folders.add(`${folder}/${parent}`);
  }
  await workspace.makeFolders(as, [...folders].sort());
  let written = 0;
  await inLanes(files, 4, async (file) => {
    signal?.throwIfAborted();
    let content = await forge.blob(repository, file.sha);
    if (file.mode === '120000') {
      const target = linkTarget(file, Buffer.from(content).toString('utf8'), files);
      content = await forge.blob(repository, target.sha);
    }
    const { train } = run.configuration;
    const isEntry = train.kind === 'entry' && file.path === train.entry;
    if (isEntry && Buffer.from(content.subarray(0, 28)).toString('utf8') === '# Databricks notebook source') {
      throw new RunFailure(
        `${file.path} is a Databricks notebook, which "entry" cannot run. Remove its first line, or train with "job".`,
      );
    }
    await workspace.writeFile(as, `${folder}/${file.path}`, content);
    written += 1;
    if (written === Math.ceil(files.length / 2)) reached('snapshot.half');
  });
  await workspace.writeFile(as, marker, Buffer.from(`${files.length} files of ${run.commit}\n`));
  reached('snapshot.uploaded');
  return { folder, wasThere: false };
}
