import type { Reporter, TestModule } from 'vitest/node';

/** The last words of `npm run test:real`: what was not tested, and why. */
export class ClosingLines implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = new Map<string, number>();
    for (const module of modules)
      for (const test of module.children.allTests('skipped')) {
        const result = test.result();
        const note = (result.state === 'skipped' && result.note) || `${test.fullName}: no reason was given`;
        tests.set(note, (tests.get(note) ?? 0) + 1);
      }
    for (const [note, count] of tests)
      process.stdout.write(`test:real skipped: ${note} (${count} ${count === 1 ? 'test' : 'tests'})\n`);
    if (tests.size === 0) process.stdout.write('test:real skipped nothing\n');
  }
}
