import { join } from 'node:path';
import { Absent, attempt, cached } from '../provision/index.ts';

const VERSION = '26.10.0';

/** Node 26 of npm, in the cache: its program. Throws Absent. */
export async function node26(): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = await cached('programs/node', [name, VERSION], async (into) => {
    const install = ['install', '--prefix', into, '--ignore-scripts', `${name}@${VERSION}`];
    const made = await attempt('npm', install);
    if (made.code !== 0) throw new Absent(`npm cannot install ${name}@${VERSION}`, made.stderr);
  });
  return join(folder, 'node_modules', name, 'bin/node');
}
