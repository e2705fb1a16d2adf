import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/**
 * Prints what the built panel weighs and fails when a page would load more than it may. Run it after
 * `vite build`; Gitea serves assets uncompressed, so raw sizes count beside the gzipped ones.
 */
const folder = 'dist/panel';
const limits = { loaderRaw: 5_000, boxGzip: 30_000 };

interface Chunk {
  file: string;
  imports?: string[];
  dynamicImports?: string[];
}
type Manifest = Record<string, Chunk>;

const manifest = JSON.parse(readFileSync(join(folder, '.vite/manifest.json'), 'utf8')) as Manifest;
const entry = 'src/panel/main.ts';
const charts = 'src/panel/charts/metric-chart.tsx';

/** Manifest keys of everything that is loaded with these, without what they load later. */
function closure(keys: readonly string[], seen = new Set<string>()): Set<string> {
  for (const key of keys) {
    if (seen.has(key)) continue;
    const chunk = manifest[key];
    if (chunk === undefined) throw new Error(`${key} is not in the build's manifest; did its file move?`);
    seen.add(key);
    closure(chunk.imports ?? [], seen);
  }
  return seen;
}

function weigh(keys: Iterable<string>): { raw: number; gzip: number } {
  const files = [...new Set([...keys].map((key) => manifest[key]?.file ?? ''))].map((file) =>
    readFileSync(join(folder, file)),
  );
  return {
    raw: files.reduce((sum, file) => sum + file.length, 0),
    gzip: files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0),
  };
}

const failures: string[] = [];
const row = (name: string, { raw, gzip }: { raw: number; gzip: number }, limit = '') =>
  console.log(
    `${name.padEnd(34)}${String(raw).padStart(9)} B raw ${String(gzip).padStart(9)} B gzip  ${limit}`,
  );

const loader = weigh([entry]);
row('loader', loader, `limit ${limits.loaderRaw} B raw`);
if (closure([entry]).size > 1)
  failures.push('the loader imports other chunks at once; it must only load them later');
if (loader.raw > limits.loaderRaw) failures.push(`the loader is larger than ${limits.loaderRaw} B`);

// The shared chunk is no entry of the manifest: its key is its file's name.
const core = Object.keys(manifest).find((key) => key.startsWith('_core-'));
if (core === undefined) throw new Error('the build has no core chunk; see codeSplitting in vite.config.ts');
const faces = ['judged', 'no-baseline', 'training', 'failed', 'waiting', 'idle'].map(
  (face) => `src/panel/features/pull-box/faces/${face}.tsx`,
);
for (const feature of ['pull-box', 'pull-status-line', 'sidebar-production', 'tab']) {
  const room = `src/panel/features/${feature === 'tab' ? 'start-tab.ts' : `${feature}/index.tsx`}`;
  let loaded = closure([entry, core, room]);
  if (feature === 'pull-box') {
    // A pull request is in one state: the heaviest face counts.
    for (const face of faces)
      row(`  ${face.slice(face.lastIndexOf('/') + 1, -4)}`, weigh(closure([entry, core, room, face])));
    const withFaces = faces.map((face) => closure([entry, core, room, face]));
    loaded = withFaces.reduce((a, b) => (weigh(a).gzip > weigh(b).gzip ? a : b));
  }
  const weight = weigh(loaded);
  const isBox = feature === 'pull-box';
  row(`${feature} and all it needs`, weight, isBox ? `limit ${limits.boxGzip} B gzip` : '');
  if (isBox && weight.gzip > limits.boxGzip) {
    failures.push(`the pull-request box loads more than ${limits.boxGzip} B gzip`);
  }
  if (loaded.has(charts))
    failures.push(`${feature} loads the charts at once; load ${charts} when a chart opens`);
}

row('charts', weigh([charts]));
for (const file of readdirSync(join(folder, 'chunks')).filter((name) => name.endsWith('.js'))) {
  const isCharts = `chunks/${file}` === manifest[charts]?.file;
  // The class that uPlot gives its root.
  if (!isCharts && readFileSync(join(folder, 'chunks', file), 'utf8').includes('u-hz')) {
    failures.push(`uPlot is in chunks/${file}; only the charts' chunk may hold it`);
  }
}

for (const failure of failures) console.error(`too large: ${failure}`);
process.exitCode = failures.length > 0 ? 1 : 0;
