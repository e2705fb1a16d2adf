#!/usr/bin/env node
import { run } from './run.ts';

process.exitCode = await run(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
});
// A command that failed half-way may have left something open; written lines get the time to go out.
setTimeout(() => process.exit(), 500).unref();
