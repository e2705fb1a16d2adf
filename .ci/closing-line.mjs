/** Adds up pairs of (report of vitest, exit status) and prints "N passed, N failed"; fails when any pair did. */
import { existsSync, readFileSync } from 'node:fs';

const pairs = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (let at = 0; at < pairs.length; at += 2) {
  const [report, status] = [pairs[at], Number(pairs[at + 1])];
  const counts = read(report);
  passed += counts.passed;
  // Install, format, lint, types or build failed before any test ran, or a suite could not be loaded.
  failed += status !== 0 && counts.failed === 0 ? 1 : counts.failed;
}
if (passed === 0 && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

function read(report) {
  if (!existsSync(report)) return { passed: 0, failed: 0 };
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
    return { passed: numPassedTests, failed: numFailedTests };
  } catch {
    return { passed: 0, failed: 0 };
  }
}
