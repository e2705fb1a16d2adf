import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';
import type { DemoFile } from '../../src/demo/demo-file.ts';
import { realGiteaOf } from '../../src/demo/real-forge.ts';
import { runDemo } from '../../src/demo/run-demo.ts';
import { freePort } from '../free-port.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A demo on the real Gitea, set up and without any history; `dir` is its data folder. */
    demo: DemoFile & { dir: string };
  }
}

/** Starts one demo for all files that only look at single things. It has SQLite: a database by URL is the story's. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'one-demo-'));
  // Who Gitea runs as passes through.
  await chmod(folder, 0o711);
  const dir = join(folder, 'demo');
  const demo = await runDemo(
    resolve('.'),
    {
      port: await freePort(),
      fresh: false,
      dataDir: dir,
      pythonCacheDir: resolve('node_modules/.cache/python'),
      realGitea: { ...realGiteaOf(process.env)!, databaseUrl: undefined },
      help: false,
    },
    { line: () => undefined, warn: (text) => console.warn(text) },
  );
  project.provide('demo', { ...demo.demo, dir });
  return async () => {
    await demo.close();
    await rm(folder, { recursive: true, force: true });
  };
}
