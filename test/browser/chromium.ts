import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    chromium: string;
  }
}

/**
 * Unpacks the browser once, before any test: two first runs at once fail with ETXTBSY. It goes into a folder of its
 * own, because the package reuses whatever lies at `<tmp>/chromium`, whichever version that is.
 */
export default async function setup(project: TestProject): Promise<void> {
  const folder = resolve('node_modules/.cache/chromium');
  mkdirSync(folder, { recursive: true });
  const { TMPDIR } = process.env;
  process.env.TMPDIR = folder;
  const { default: chromium } = await import('@sparticuz/chromium');
  project.provide('chromium', await chromium.executablePath());
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
}
