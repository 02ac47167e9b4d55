import { globSync } from 'node:fs';
import { join } from 'node:path';
import { cached, cachedAt, isCached } from './cache.ts';
import { lookUp, withPackages } from './packages.ts';
import { debianSuite, machineArchitecture } from './suite.ts';
import { unpack } from './unpack.ts';

/** A program from Debian that runs from its own folder, whatever is installed. */
export interface DebianProgram {
  readonly name: string;
  readonly suite: string;
  readonly packages: readonly string[];
  /** Debian's name of it; by default this machine's. */
  readonly architecture?: string;
}

/** A command and its first arguments. */
export type CommandLine = readonly [string, ...string[]];

/**
 * Dependencies that a program needs to run; the others (adduser, perl, …) are for installing it.
 */
const libraries = /^(?:lib(?!perl)|zlib|binutils)/;

const architectureOf = (program: DebianProgram) => program.architecture ?? machineArchitecture();
const recipe = (program: DebianProgram) => [program, architectureOf(program)];
const place = (program: DebianProgram) => `programs/${program.name}`;

/** Fetches the program with its libraries, once. */
export async function provideProgram(program: DebianProgram): Promise<void> {
  await cached(place(program), recipe(program), async (folder) => {
    const suite = await debianSuite(program.suite, architectureOf(program));
    const closure = await lookUp(suite, { packages: program.packages, closure: true });
    const needed = closure.filter(
      ({ name }) => program.packages.includes(name) || libraries.test(name),
    );
    await withPackages(suite, needed, program.name, async (files) => {
      for (const file of files) await unpack(file, folder);
    });
  });
}

export function hasProgram(program: DebianProgram): boolean {
  return isCached(place(program), recipe(program));
}

/**
 * How to call an executable of a provided program: through its own loader, because the system's may
 * be older than the program's libc.
 */
export function programCommand(program: DebianProgram, executable: string): CommandLine {
  const folder = cachedAt(place(program), recipe(program));
  const directories = ['lib', 'usr/lib'].flatMap((lib) =>
    globSync(join(folder, lib, '*-linux-gnu*')),
  );
  const loader = directories.flatMap((lib) => globSync(join(lib, 'ld-linux*.so.*')))[0];
  if (loader === undefined) throw new Error(`${folder}: no ld-linux in it`);
  return [loader, '--library-path', directories.join(':'), join(folder, executable)];
}

/** Files of a provided program, by a pattern below its root. */
export function programFiles(program: DebianProgram, pattern: string): string[] {
  return globSync(join(cachedAt(place(program), recipe(program)), pattern));
}
