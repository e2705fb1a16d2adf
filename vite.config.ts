import preact from '@preact/preset-vite';
import type { Plugin } from 'vite';
import { defineConfig } from 'vite';

/** Modules of the chunk that all features share. `page/context.ts` is not among them: the loader holds it. */
const core = new RegExp(
  [
    'node_modules/(preact|@preact/signals|@preact/signals-core|ky)/',
    'src/contract/',
    'src/panel/(live|panel-context)',
    'src/panel/api/(backend|problem-error|pull-api|sign-in)\\.',
    'src/panel/format/(language|time)',
    'src/panel/style/(adopt|base)',
    'src/panel/models/(act|resource|pull-model)',
    'src/panel/page/(keep-mounted)',
    'src/panel/components/(icon|drawn-icons|later|access-later|skeleton|commit|time|clock|button|run-active|emphasis)\\.',
    'pull-box/(sentence|train-button|run-link)\\.',
    'svg/(check|x|x-circle-fill)-16',
  ].join('|'),
);

/** A run's tasks, drawn while it trains, when it failed and on the tab. */
const tasks = /(task-(list|bar|mark)|sparkline|rough-time|estimates|person)\./;

/** Numbers and metrics in words, drawn in the strip, the tables and the rollback's plan. */
const metrics =
  /metric-words\.|format\/(change|number)\.|pull-box\/names\.|svg\/(dash|arrow-up|arrow-down|check-circle-fill)-16/;

/**
 * Octicons as the panel needs them: without the attributes that `Icon` sets itself, and with coordinates to a
 * hundredth of a pixel. Every number keeps its point, since `1.5.25` in a path means two of them.
 */
const plainIcons: Plugin = {
  name: 'plain-icons',
  enforce: 'post',
  transform(code, id) {
    if (!/octicons\/build\/svg\/[^/]+\?raw$/.test(id)) return undefined;
    const plain = code.replace(/ (xmlns|width|height)=\\?"[^"]*"/g, '').replace(/\d*\.\d{3,}/g, (number) => {
      const short = Number(number).toFixed(2).replace(/0$/, '');
      if (!number.startsWith('.')) return short;
      return short.startsWith('0') ? short.slice(1) : number;
    });
    return { code: plain, map: null };
  },
};

/**
 * The panel: a small entry that Gitea's pages load, and chunks that it loads when a page needs them.
 * Library mode keeps Vite's preload helper out of the entry; `base: './'` lets the folder lie under any path.
 */
export default defineConfig({
  base: './',
  publicDir: false,
  plugins: [preact(), plainIcons],
  define: { 'process.env.NODE_ENV': '"production"' },
  build: {
    target: 'es2022',
    outDir: 'dist/panel',
    emptyOutDir: true,
    reportCompressedSize: false,
    // build/sizes.ts reads which chunk loads which.
    manifest: true,
    lib: { entry: { panel: 'src/panel/main.ts' }, formats: ['es'] },
    rolldownOptions: {
      output: {
        minify: true,
        comments: false,
        entryFileNames: '[name].js',
        // A feature's chunk is called like its room, not `index`. Six characters tell builds apart, and each further one
        // weighs in every chunk that names it.
        chunkFileNames: ({ facadeModuleId }) => {
          const room = /\/features\/([^/]+)\/index\.tsx$/.exec(facadeModuleId ?? '')?.[1];
          return `chunks/${room ?? '[name]'}-[hash:6].js`;
        },
        // What every page of the panel needs travels together: one request, and it compresses better.
        codeSplitting: {
          groups: [
            { name: 'core', test: (id) => core.test(id) },
            { name: 'tasks', test: (id) => tasks.test(id) },
            { name: 'metrics', test: (id) => metrics.test(id) },
          ],
        },
      },
    },
  },
});
