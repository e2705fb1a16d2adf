import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { installBundle, removeBundle } from './install/bundle.ts';
import type { Hook } from './install/custom-templates.ts';
import {
  buildOf,
  checkPublicPath,
  fillTemplate,
  hooks,
  includeLine,
  includesOurs,
  isOurTemplate,
} from './install/custom-templates.ts';
import { readIfThere, writeInPlace } from './install/write-file.ts';

export interface Installation {
  /** Gitea's custom folder (`GITEA_CUSTOM`). */
  customDir: string;
  /** The built bundle: `panel.js` and its chunks. */
  panelDist: string;
  /** Our `templates/custom`. */
  templatesDir: string;
  options: {
    /** Where browsers reach the backend, `/-/databricks/` by default. */
    publicPath?: string;
    /** Show the panel on every repository, not only on those with the topic `databricks`. */
    everywhere?: boolean;
  };
}

/** What was done, and what only the admin can do. */
export interface InstallationResult {
  /** Files that were written or removed, relative to the custom folder. Empty: everything was up to date. */
  changed: string[];
  /** Templates of the admin's own: the line must be in them (install) or must go first (uninstall). */
  toDo: { file: string; line: string }[];
}

/**
 * Puts templates and bundle into Gitea's custom folder. It may run as often as you like. A hook that the admin
 * uses already is never edited: our part lies beside it, and the line that includes it is in the answer.
 * @throws with a plain sentence when the bundle is not built, the folder is missing, or files are in the way.
 */
export async function installInto(installation: Installation): Promise<InstallationResult> {
  const { customDir, panelDist, templatesDir, options } = installation;
  await checkFolder(customDir, 'is no folder: give the custom folder of your Gitea (GITEA_CUSTOM)');
  const loader = await readIfThere(join(panelDist, 'panel.js'));
  if (loader === undefined) throw new Error(`${panelDist} holds no panel.js: build the panel first`);
  const settings = {
    publicPath: checkPublicPath(options.publicPath ?? '/-/databricks/'),
    everywhere: options.everywhere ?? false,
    build: buildOf(loader),
  };
  const result: InstallationResult = { changed: [], toDo: [] };

  // The bundle first: a template never names a loader that is not there yet.
  const assets = 'public/assets/databricks';
  for (const file of await installBundle(panelDist, join(customDir, assets))) {
    result.changed.push(`${assets}/${file}`);
  }
  for (const hook of hooks) {
    const filled = fillTemplate(await readFile(join(templatesDir, `${hook}.tmpl`), 'utf8'), settings);
    const file = hookFile(hook);
    const present = (await readIfThere(join(customDir, file)))?.toString();
    if (present === undefined || isOurTemplate(present)) {
      if (await writeInPlace(join(customDir, file), filled)) result.changed.push(file);
      continue;
    }
    if (await writeInPlace(join(customDir, partFile(hook)), filled)) result.changed.push(partFile(hook));
    if (!includesOurs(present, hook)) result.toDo.push({ file, line: includeLine(hook) });
  }
  return result;
}

/**
 * Takes out what `installInto` put in. A part that an admin's template still includes stays, since Gitea does not
 * start when an included template is missing; the answer says which line must go first.
 */
export async function uninstallFrom(customDir: string): Promise<InstallationResult> {
  await checkFolder(customDir, 'is no folder: give the custom folder of your Gitea (GITEA_CUSTOM)');
  const result: InstallationResult = { changed: [], toDo: [] };
  const remove = async (file: string) => {
    await rm(join(customDir, file));
    result.changed.push(file);
  };
  for (const hook of hooks) {
    const present = (await readIfThere(join(customDir, hookFile(hook))))?.toString();
    if (present !== undefined && isOurTemplate(present)) await remove(hookFile(hook));
    const part = (await readIfThere(join(customDir, partFile(hook))))?.toString();
    if (part === undefined || !isOurTemplate(part)) continue;
    if (present !== undefined && includesOurs(present, hook)) {
      result.toDo.push({ file: hookFile(hook), line: includeLine(hook) });
    } else await remove(partFile(hook));
  }
  // While a part is still included, its script must not be missing.
  if (result.toDo.length === 0 && (await removeBundle(join(customDir, 'public/assets/databricks')))) {
    result.changed.push('public/assets/databricks');
  }
  return result;
}

function hookFile(hook: Hook): string {
  return `templates/custom/${hook}.tmpl`;
}

function partFile(hook: Hook): string {
  return `templates/custom/databricks/${hook}.tmpl`;
}

async function checkFolder(path: string, problem: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) throw new Error(`${path} ${problem}`);
}
