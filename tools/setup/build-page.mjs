// Builds the catalogue page (apps/catalogue) if it is missing or older than its sources. It runs
// before `npm start` and `npm run dev`: a depot without a page serves everything else, so a failed
// build is only reported there. `npm run build` fails with it. It is started by its own `npm run`:
// the shell that has just installed the project's Node still has the old one.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = join(root, 'apps', 'catalogue');
const built = join(page, 'dist', 'index.html');

const sources = [
  'apps/catalogue/{index.html,package.json,vite.config.ts}',
  'apps/catalogue/src/**',
  'libs/{client,contracts}/src/**',
  'package-lock.json',
].flatMap((pattern) => globSync(pattern, { cwd: root }));

const modifiedAt = (path) => statSync(path).mtimeMs;

if (
  !existsSync(built) ||
  sources.some((source) => modifiedAt(join(root, source)) > modifiedAt(built))
) {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const args = [vite, 'build', '--logLevel', 'warn'];
  const { status } = spawnSync(process.execPath, args, { cwd: page, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    process.stderr.write('the catalogue page could not be built: see above\n');
    process.exitCode = process.argv.includes('--if-it-can-be') ? 0 : 1;
  }
}
