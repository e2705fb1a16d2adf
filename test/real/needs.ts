import type { TestContext } from 'vitest';
import { describe, test } from 'vitest';

/** Something that a machine may lack: a program, a package index, a server. */
export interface Need {
  /** Named for the closing lines: `the Python clients`. */
  what: string;
  /** Why it is not there; undefined where it is. */
  missing: string | undefined;
}

/**
 * Skips the running test where something is missing, with the reason that the closing lines repeat.
 * @throws where `CI` and `REAL_REQUIRED` say that nothing may be missing.
 */
export function skipUnless({ what, missing }: Need, context: TestContext): void {
  if (missing === undefined) return;
  if (process.env.CI && process.env.REAL_REQUIRED) throw new Error(`${what}: ${missing}`);
  context.skip(`${what}: ${missing}`);
}

/** A suite that needs something; its body (hooks, too) is only read where that is there. */
export function describeWith(need: Need, title: string, body: () => void): void {
  if (need.missing === undefined) describe(title, body);
  else describe(title, () => test(`needs ${need.what}`, (context) => skipUnless(need, context)));
}
