import preact from '@preact/preset-vite';
import { defineConfig } from 'vite';

/**
 * The panel: a small entry that Gitea's pages load, and chunks that it loads when a page needs them.
 * Library mode keeps Vite's preload helper out of the entry; `base: './'` lets the folder lie under any path.
 */
export default defineConfig({
  base: './',
  publicDir: false,
  plugins: [preact()],
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
        entryFileNames: '[name].js',
        // A feature's chunk is called like its room, not `index`.
        chunkFileNames: ({ facadeModuleId }) => {
          const room = /\/features\/([^/]+)\/index\.tsx$/.exec(facadeModuleId ?? '')?.[1];
          return `chunks/${room ?? '[name]'}-[hash].js`;
        },
      },
    },
  },
});
