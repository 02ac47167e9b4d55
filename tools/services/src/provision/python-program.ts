import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Absent } from './absent.ts';
import { cached } from './cache.ts';
import { attempt } from './command.ts';
import type { CommandLine } from './program.ts';
import { say } from './say.ts';

/** A program of PyPI, in its own virtual environment. */
export interface PythonProgram {
  readonly name: string;
  readonly version: string;
  /** The module for `python -m`. */
  readonly module: string;
}

/**
 * Installs the program, once, with this system's Python.
 * @returns how to call it: as a module, because scripts of a moved environment name the folder in
 *   which it was made.
 * @throws Absent without Python 3 and venv, or without the package.
 */
export async function providePythonProgram(program: PythonProgram): Promise<CommandLine> {
  const { name, version } = program;
  const folder = await cached(`programs/${name}`, { name, version }, async (into) => {
    say(`installing ${name} ${version} from PyPI`);
    const made = await attempt('python3', ['-m', 'venv', into]);
    if (made.code !== 0) {
      // Debian's Python has no ensurepip without that package, and reports it on either output.
      const said = `${made.stdout}${made.stderr}`.trim().split('\n').slice(0, 3).join('\n');
      throw new Absent(`python3 -m venv failed:\n${said}`, 'Install python3-venv.');
    }
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    const installed = await attempt(join(into, 'bin/python'), [...pip, `${name}==${version}`]);
    if (installed.code !== 0) {
      await rm(into, { recursive: true });
      const said = installed.stderr.trim().split('\n').slice(-3).join('\n');
      throw new Absent(
        `pip could not install ${name}:\n${said}`,
        'Is the package index reachable?',
      );
    }
  });
  return [join(folder, 'bin/python'), '-m', program.module];
}
