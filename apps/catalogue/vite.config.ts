import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  // All files are relative to the page, under any path that a proxy gives the depot.
  base: './',
  // An icon as a data: URL would need a wider Content-Security-Policy.
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
