import { defineConfig } from 'vite';

// RUNBOARD_OUT lets the C++ build put the page into its own tree and keep the source tree clean.
export default defineConfig({
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    outDir: process.env.RUNBOARD_OUT || 'dist',
    emptyOutDir: true,
    target: 'es2021',
    // The page is served under a CSP without inline script: no polyfill, no data: assets.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': apiOrigin(), '/run': { target: apiOrigin(), bypass: onlyPost } } },
  test: { include: ['src/test/**/*.test.ts'], environment: 'node' },
});

function apiOrigin() {
  return process.env.OPSROOM_URL || 'http://127.0.0.1:7070';
}

function onlyPost(request) {
  return request.method === 'POST' ? undefined : request.url;
}
