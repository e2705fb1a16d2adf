/**
 * `npm run bench:story`: how long the product lets people wait, measured from outside on a demo of its own. It
 * prints and never fails for a missed goal: seconds depend on the machine, tests assert behaviour.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseDemoArguments } from '../src/demo/arguments.ts';
import { reusablePort } from '../src/demo/ports.ts';
import { demoLatency, runDemo } from '../src/demo/run-demo.ts';
import { giteaApi } from './api.ts';
import { measureReleases } from './measure-release.ts';
import { measureTraining } from './measure-training.ts';
import { signIn } from './sign-in.ts';
import { summarise } from './statistics.ts';

const sampleCount = 12;
/** Two versions were in production then: a push, adopted; another push; a merged pull request. */
const beginning = ['push', 'adopt', 'push', 'protect', 'push', 'open', 'approve', 'merge'].length;

interface Row {
  what: string;
  samples: number[];
  /** Milliseconds; undefined: told for comparison, without a goal. */
  goal?: number;
}

const started = performance.now();
/** Other programs' share of the machine is in every figure. */
const loadBefore = loadavg()[0] ?? 0;
const progress = (text: string) =>
  console.log(`${String(Math.round((performance.now() - started) / 1000)).padStart(4)} s  ${text}`);

async function measure(folder: string): Promise<Row[]> {
  const options = parseDemoArguments(['--data', join(folder, 'demo')], process.env);
  const demo = await runDemo(
    resolve(import.meta.dirname, '..'),
    {
      ...options,
      port: await reusablePort(undefined, []),
      pythonCacheDir: process.env.GITEA_DATABRICKS_PYTHON_CACHE ?? options.pythonCacheDir,
    },
    { line: progress, warn: (text) => progress(`! ${text}`) },
  );
  try {
    await demo.play(beginning);
    const gitea = await giteaApi(demo, 'ada');
    const training = await measureTraining(demo, gitea, join(folder, 'bench'), sampleCount, progress);
    const { id } = await gitea<{ id: number }>(`repos/${demo.demo.repository}`);
    const backend = await signIn(demo, 'wendy');
    const releases = await measureReleases(backend, id, sampleCount, demoLatency, progress);
    return [
      { what: 'webhook sent → pending status in Gitea', samples: training.pending, goal: 1_000 },
      { what: 'the branch’s push webhook sent → pending status', samples: training.pendingFromPush },
      { what: 'run ended at the workspace → comment in Gitea', samples: training.comment, goal: 3_000 },
      { what: 'run ended at the workspace → final status in Gitea', samples: training.status },
      {
        what: 'rollback sent → read back, less injected latency',
        samples: releases.map(({ tookMs, injectedMs }) => tookMs - injectedMs),
        goal: 1_000,
      },
      { what: 'rollback sent → read back, all of it', samples: releases.map(({ tookMs }) => tookMs) },
    ];
  } finally {
    await demo.close();
  }
}

function print(rows: readonly Row[]): void {
  const cell = (value: number) => `${Math.round(value)} ms`.padStart(9);
  const width = Math.max(...rows.map(({ what }) => what.length));
  console.log(`\n${''.padEnd(width)}    median       min       max    n  goal`);
  for (const { what, samples, goal } of rows) {
    const { median, smallest, largest, count } = summarise(samples);
    const verdict = goal === undefined ? '' : `≤ ${goal} ms: ${median <= goal ? 'met' : 'goal missed'}`;
    const figures = [median, smallest, largest].map(cell).join(' ');
    console.log(`${what.padEnd(width)} ${figures} ${String(count).padStart(4)}  ${verdict}`);
  }
  const latency = Object.entries(demoLatency).map(([name, value]) => `${name} ${value}`);
  console.log(`\nInjected by the workspace emulator: ${latency.join(', ')}.`);
  console.log(
    `Machine: ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}, load before ${loadBefore.toFixed(1)}; ` +
      'forge, workspace, backend and this measurement share one process.',
  );
}

const folder = await mkdtemp(join(tmpdir(), 'bench-story-'));
try {
  print(await measure(folder));
} finally {
  await rm(folder, { recursive: true, force: true });
}
