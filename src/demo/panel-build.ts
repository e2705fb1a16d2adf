import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What the bundle is made of, relative to the project. */
const sources = ['src/panel', 'src/contract', 'vite.config.ts', 'package-lock.json'];

/** Builds the panel unless the build that is there is newer than everything it is made of. @returns whether it built */
export async function ensurePanel(root: string, panelDist: string): Promise<boolean> {
  const loader = join(panelDist, 'panel.js');
  if (existsSync(loader) && statSync(loader).mtimeMs > newest(sources.map((path) => join(root, path))))
    return false;
  // Loaded only when needed: it takes a while.
  const { build } = await import('vite');
  await build({ root, configFile: join(root, 'vite.config.ts'), logLevel: 'error' });
  if (!existsSync(loader)) throw new Error(`the build left no ${loader}`);
  return true;
}

function newest(paths: string[]): number {
  let latest = 0;
  for (const path of paths) {
    if (!existsSync(path)) continue;
    const found = statSync(path);
    // A folder's own time tells of files that were removed.
    latest = Math.max(latest, found.mtimeMs);
    if (found.isDirectory())
      latest = Math.max(latest, newest(readdirSync(path).map((name) => join(path, name))));
  }
  return latest;
}
