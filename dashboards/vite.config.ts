import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const server = process.env['VIGIE_URL'] ?? 'http://127.0.0.1:4600';

/** `npm run build:page` builds into dist/; `vite dashboards` serves the sources beside a running Vigie (VIGIE_URL). */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // Nothing inline: the page is served without 'unsafe-inline'.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': { target: server, ws: true, changeOrigin: true } } },
});
