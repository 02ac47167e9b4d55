import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  // What the page asks for lies beside it, under whatever path a proxy gives the depot.
  base: './',
  // An icon as a data: URL would need a wider Content-Security-Policy.
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
