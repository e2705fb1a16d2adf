import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere, writeInPlace } from './write-file.ts';

/** What we put into `public/assets/databricks/`; the chunks of the build before stay for pages that are still open. */
interface Manifest {
  files: string[];
  previous: string[];
}

const manifestName = 'gitea-databricks.json';

/** The bundle's files, relative, with forward slashes, the loader last: what it imports is there before it is. */
async function bundleFiles(panelDist: string): Promise<string[]> {
  const entries = await readdir(panelDist, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name).slice(panelDist.length).replaceAll('\\', '/').replace(/^\/+/, ''),
    )
    // Dot folders hold the build's own notes (Vite's manifest), not what browsers load.
    .filter((file) => !file.split('/').some((part) => part.startsWith('.')))
    .toSorted();
  return [...files.filter((file) => file !== 'panel.js'), 'panel.js'];
}

/**
 * Copies the bundle into the folder of Gitea's assets and removes what older builds of ours left there.
 * @returns the files that changed or went, relative to the folder.
 * @throws when the folder holds files that we did not write.
 */
export async function installBundle(panelDist: string, assets: string): Promise<string[]> {
  const manifest = await readManifest(assets);
  const files = await bundleFiles(panelDist);
  const changed: string[] = [];
  for (const file of files) {
    if (await writeInPlace(join(assets, file), await readFile(join(panelDist, file)))) changed.push(file);
  }
  const sameBuild = manifest.files.join('\n') === files.join('\n');
  const previous = (sameBuild ? manifest.previous : manifest.files).filter((file) => !files.includes(file));
  for (const file of [...manifest.files, ...manifest.previous]) {
    if (files.includes(file) || previous.includes(file)) continue;
    await rm(join(assets, file), { force: true });
    changed.push(file);
  }
  await writeInPlace(join(assets, manifestName), `${JSON.stringify({ files, previous }, null, 2)}\n`);
  return changed;
}

/** Removes every file that we wrote, and the folder when nothing else is in it. @returns whether there was anything. */
export async function removeBundle(assets: string): Promise<boolean> {
  if ((await readIfThere(join(assets, manifestName))) === undefined) return false;
  const { files, previous } = await readManifest(assets);
  for (const file of [...files, ...previous, manifestName]) await rm(join(assets, file), { force: true });
  await removeEmptyFolders(assets);
  return true;
}

async function readManifest(assets: string): Promise<Manifest> {
  const text = await readIfThere(join(assets, manifestName));
  if (text !== undefined) return checkManifest(JSON.parse(text.toString()), join(assets, manifestName));
  await mkdir(assets, { recursive: true });
  const present = await readdir(assets);
  if (present.length > 0) {
    throw new Error(
      `${assets} holds files that gitea-databricks did not write (${present.slice(0, 3).join(', ')}): move them away first`,
    );
  }
  return { files: [], previous: [] };
}

/** What we delete comes from this file: nothing in it may lead out of the folder. */
function checkManifest(value: unknown, path: string): Manifest {
  const { files, previous } = (value ?? {}) as Partial<Manifest>;
  for (const list of [files, previous]) {
    const safe =
      Array.isArray(list) &&
      list.every((file) => typeof file === 'string' && /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/.test(file));
    if (!safe)
      throw new Error(
        `${path} is not the list that gitea-databricks wrote: remove it together with its folder`,
      );
  }
  return { files: files as string[], previous: previous as string[] };
}

async function removeEmptyFolders(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await removeEmptyFolders(join(folder, entry.name));
  if ((await readdir(folder)).length === 0) await rm(folder, { recursive: true });
}
