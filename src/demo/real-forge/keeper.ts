/**
 * Runs one program and never outlives the process that asked for it, however that ends: its standard input is a
 * pipe to it, and the pipe's end is the order to stop. First SIGTERM, then SIGKILL.
 * Started as `node keeper.ts '<KeptProgram as JSON>'`; its exit code is the program's.
 */
import { spawn } from 'node:child_process';

export interface KeptProgram {
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  uid?: number;
  gid?: number;
  /** Milliseconds between SIGTERM and SIGKILL. */
  graceMs: number;
}

const { command, args, graceMs, ...options } = JSON.parse(process.argv[2] ?? '') as KeptProgram;
const child = spawn(command, args, { ...options, stdio: ['ignore', 'inherit', 'inherit'] });
child.on('error', (error) => {
  process.stderr.write(`${command} cannot be started: ${error.message}\n`);
  process.exit(127);
});
child.on('exit', (code) => process.exit(code ?? 1));

function stop(): void {
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), graceMs).unref();
}
process.stdin.on('end', stop).on('error', stop).resume();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
