/** `npm start`: tries gitea-databricks out on this machine, see the README. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDemoArguments, usage } from './arguments.ts';
import { greeting } from './greeting.ts';
import { terminalProgress } from './progress.ts';
import type { RunningDemo } from './run-demo.ts';
import { describeError } from './setup/api-error.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const write = (text: string) => void process.stdout.write(text);

async function main(): Promise<number> {
  const options = parseDemoArguments(process.argv.slice(2), process.env);
  if (options.help) {
    write(usage);
    return 0;
  }
  const stopped = stopSignal();
  const progress = terminalProgress(write);
  // Loaded only now: a wrong option is told at once.
  const { runDemo } = await import('./run-demo.ts');
  const starting = runDemo(root, options, progress);
  starting.catch(() => {});
  const demo = await Promise.race([starting, stopped]);
  if (demo === 'stop') {
    await starting.then(
      (running) => running.close(),
      () => {},
    );
    return 0;
  }
  write(greeting(demo.demo));
  tellTheEnd(demo, progress);
  await stopped;
  write('\n');
  progress.line('Stopping…');
  await demo.close();
  return 0;
}

function tellTheEnd(running: RunningDemo, progress: ReturnType<typeof terminalProgress>): void {
  running.play().then(
    () =>
      progress.line(
        `Ready: ${running.url}${running.demo.repository} (Ctrl-C ends it, the next start goes on)`,
      ),
    (error: unknown) => {
      if (running.demo.state === 'failed') {
        progress.warn(`the example's history stopped: ${describeError(error)}`);
        progress.warn('everything that is there works; the next start tries that step again');
      }
    },
  );
}

/** Resolves at the first Ctrl-C or SIGTERM. A second one ends the process at once. */
function stopSignal(): Promise<'stop'> {
  return new Promise((resolve) => {
    let asked = false;
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        if (asked) process.exit(1);
        asked = true;
        resolve('stop');
      });
    }
  });
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${describeError(error)}\n`);
    process.exit(1);
  },
);
