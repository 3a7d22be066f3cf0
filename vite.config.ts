/** Builds the dashboard (src/dashboard) into dist/dashboard; scripts/build-dashboard.mjs runs it when something changed. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('src/dashboard', import.meta.url)),
  // The page may be served below a path by a proxy.
  base: './',
  logLevel: 'warn',
  resolve: {
    // The page's Content-Security-Policy forbids code from strings, which the default entry tries.
    alias: { msgpackr: 'msgpackr/index-no-eval' },
  },
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    outDir: fileURLToPath(new URL('dist/dashboard', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // three is most of it; a test bounds what is sent.
    chunkSizeWarningLimit: 800,
    // Only Node needs it; browsers have WebSocket.
    rollupOptions: { external: ['ws'] },
  },
});
