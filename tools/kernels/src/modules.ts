import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Kernel } from './kernel.ts';

/**
 * Unpacks modules of a kernel into a folder, every `every`-th of them; returns their paths. One
 * process serves all: starting one for each would take longer than unpacking.
 */
export function unpackModules(
  { modules }: Pick<Kernel, 'modules'>,
  into: string,
  every = 1,
): string[] {
  mkdirSync(into, { recursive: true });
  const packed = globSync(join(modules, 'kernel/**/*.{ko,ko.xz}')).sort();
  for (const [index, file] of packed.entries()) {
    if (index % every === 0) copyFileSync(file, join(into, `${index}-${basename(file)}`));
  }
  execFileSync('sh', ['-c', 'find "$0" -name "*.ko.xz" -print0 | xargs -0 -r xz -d', into]);
  return globSync(join(into, '*.ko')).sort();
}
