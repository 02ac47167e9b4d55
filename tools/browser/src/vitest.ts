// Global set-up of vitest's project `browser`: finds the browser, and builds the page.
import { fileURLToPath } from 'node:url';
import { provided, run, say } from '@btf-depot/services/provision';
import type { TestProject } from 'vitest/node';
import { findChromium } from './chromium.ts';
import './testing.ts';

const buildPage = fileURLToPath(new URL('../../setup/build-page.mjs', import.meta.url));

export default async function setup(project: TestProject): Promise<void> {
  const chromium = await provided(() => Promise.resolve().then(findChromium));
  if ('absent' in chromium) say(`TESTS ARE SKIPPED: ${chromium.absent}`);
  else await run(process.execPath, [buildPage]);
  project.provide('chromium', chromium);
}
